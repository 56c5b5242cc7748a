/**
 * Creation of a whole fleet, what it costs, and the floor under it: the time in which
 * plain workers create the same children without reading or waiting.
 */
import type { Api, KubeObject } from '#e2e/api.ts';
import { isWrite, type Request } from '#e2e/audit.ts';
import {
  CHILD_COLLECTIONS,
  type ChildResource,
  childPath,
  createNamespaces,
  manifest,
  parallel,
  SERVERS,
  serverAt,
  serverPath,
} from './fleet.ts';
import { counts, succeeded, type Trail } from './trail.ts';

const WORKERS = 16;

export interface Installed {
  readonly convergeMs: number;
  readonly childrenPerServer: number;
  readonly writesPerServer: number;
  readonly statusWritesPerServer: number;
}

const isChild = (request: Request): boolean =>
  request.resource in CHILD_COLLECTIONS && request.subresource === '' && succeeded(request) && isWrite(request);

/** Creates every server and waits until the operator has written nothing for `quietMs`. */
export async function install(api: Api, trail: Trail, operator: string, quietMs: number): Promise<Installed> {
  await createNamespaces(api);
  const from = trail.mark();
  await parallel(SERVERS, WORKERS, async (i) => {
    await api.must('POST', serverPath({ ...serverAt(i), name: '' }), manifest(serverAt(i)));
  });
  await trail.quiet(from, operator, quietMs, 300_000);
  const requests = trail.since(from);
  const began = Math.min(
    ...requests.filter((r) => r.resource === 'mcpservers' && r.verb === 'create').map((r) => r.receivedAt),
  );
  const writes = requests.filter((r) => r.user === operator && counts(r));
  const made = new Map<string, number>();
  for (const request of writes.filter(isChild)) {
    const child = `${request.resource}/${request.namespace}/${request.name}`;
    if (!made.has(child)) made.set(child, request.answeredAt);
  }
  const failures = writes.filter((r) => r.code >= 400 && r.code !== 409);
  if (failures.length > 0) throw new Error(`the operator's writes failed: ${JSON.stringify(failures[0])}`);
  return {
    convergeMs: Math.max(...made.values()) - began,
    childrenPerServer: made.size / SERVERS,
    writesPerServer: writes.length / SERVERS,
    statusWritesPerServer:
      writes.filter((r) => r.resource === 'mcpservers' && r.subresource === 'status').length / SERVERS,
  };
}

/** The children of one server as they are, stripped to what a person would create. */
export async function captureChildren(api: Api): Promise<readonly [ChildResource, KubeObject][]> {
  const { namespace, name } = serverAt(0);
  const owner = await api.must('GET', serverPath({ namespace, name }));
  const found: [ChildResource, KubeObject][] = [];
  for (const resource of Object.keys(CHILD_COLLECTIONS) as ChildResource[]) {
    const list = await api.must('GET', childPath(resource, namespace));
    for (const item of list.items ?? []) {
      if (item.metadata?.ownerReferences?.some((o) => o.uid === owner.metadata?.uid)) found.push([resource, item]);
    }
  }
  return found;
}

/** First create to last create, in milliseconds, of the same children by workers that know nothing. */
export async function floor(
  api: Api,
  trail: Trail,
  children: readonly (readonly [ChildResource, KubeObject])[],
): Promise<number> {
  await createNamespaces(api);
  const original = serverAt(0).name;
  const from = trail.mark();
  await parallel(SERVERS, WORKERS, async (i) => {
    const { namespace, name } = serverAt(i);
    for (const [resource, child] of children) {
      const text = JSON.stringify({
        ...child,
        metadata: { name: child.metadata?.name, labels: child.metadata?.labels },
        status: undefined,
      });
      const body = JSON.parse(
        text.replaceAll(`"${original}"`, `"${name}"`).replaceAll(`"${original}-`, `"${name}-`),
      ) as KubeObject;
      const { clusterIP: _ip, clusterIPs: _ips, ...spec } = (body['spec'] ?? {}) as Record<string, unknown>;
      await api.must('POST', childPath(resource, namespace), body['spec'] === undefined ? body : { ...body, spec });
    }
  });
  const made = trail
    .since(from)
    .filter(isChild)
    .filter((r) => r.verb === 'create' && r.user === 'bench');
  if (made.length !== SERVERS * children.length)
    throw new Error(`the floor made ${made.length} children, not ${SERVERS * children.length}`);
  return Math.max(...made.map((r) => r.answeredAt)) - Math.min(...made.map((r) => r.receivedAt));
}
