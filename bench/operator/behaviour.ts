/**
 * What a settled fleet does when something happens to it: an edit, a child deleted or
 * changed, pods that turn unready, a scale by hand. Times come from the audit log.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from '#e2e/api.ts';
import type { Request } from '#e2e/audit.ts';
import { childPath, deploymentPath, manifest, parallel, type Server, serverAt, serverPath } from './fleet.ts';
import { counts, succeeded, type Trail } from './trail.ts';

export interface World {
  readonly api: Api;
  readonly trail: Trail;
  readonly operator: string;
}

const LIMIT_MS = 60_000;

const writes =
  (operator: string, resource: string, { namespace, name }: Server) =>
  (r: Request) =>
    r.user === operator &&
    counts(r) &&
    succeeded(r) &&
    r.resource === resource &&
    r.namespace === namespace &&
    r.name === name &&
    r.subresource === '';

async function must(answer: Promise<{ code: number; body: unknown }>): Promise<void> {
  const { code, body } = await answer;
  if (code >= 300) throw new Error(`${code} ${JSON.stringify(body).slice(0, 300)}`);
}

/** One act on the API and the operator's answer to it: milliseconds between the two. */
async function answerTime(
  { trail, operator }: World,
  act: () => Promise<void>,
  isAct: (r: Request) => boolean,
  resource: string,
  target: Server,
): Promise<number> {
  const from = trail.mark();
  await act();
  const acted = await trail.first(from, LIMIT_MS, isAct);
  const answered = await trail.first(from, LIMIT_MS, writes(operator, resource, target));
  return acted && answered ? answered.answeredAt - acted.answeredAt : LIMIT_MS;
}

/** Each edit makes a rollout; the next one must not be measured on a machine that is still busy with it. */
const BETWEEN_EDITS_MS = 400;

/** Edits of a server to the write of its Deployment. */
export async function edits(world: World, servers: readonly Server[], mark: string): Promise<readonly number[]> {
  const times: number[] = [];
  for (const server of servers) {
    const edit = () =>
      must(world.api.patch(serverPath(server), { spec: { podTemplate: { annotations: { edited: mark } } } }));
    const isEdit = (r: Request) =>
      r.resource === 'mcpservers' &&
      r.name === server.name &&
      r.subresource === '' &&
      r.verb === 'patch' &&
      r.user === 'bench';
    times.push(await answerTime(world, edit, isEdit, 'deployments', server));
    await sleep(BETWEEN_EDITS_MS);
  }
  return times;
}

/** Deletions and edits of children to their repair. */
export async function repairs(world: World, servers: readonly Server[]): Promise<readonly number[]> {
  const { api } = world;
  const times: number[] = [];
  const measure = async (
    resource: 'deployments' | 'services' | 'configmaps',
    server: Server,
    name: string,
    act: (path: string) => Promise<void>,
  ) => {
    const path = childPath(resource, server.namespace, name);
    const isAct = (r: Request) => r.user === 'bench' && r.resource === resource && r.name === name && counts(r);
    times.push(await answerTime(world, () => act(path), isAct, resource, { namespace: server.namespace, name }));
  };
  const remove = (path: string) => must(api.call('DELETE', path));
  const edit = (patch: unknown) => (path: string) => must(api.patch(path, patch, 'json'));
  for (const server of servers) {
    const { name } = server;
    await measure('services', server, name, remove);
    await measure(
      'deployments',
      server,
      name,
      edit([{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'example.invalid/other:9' }]),
    );
    await measure('services', server, name, edit([{ op: 'replace', path: '/spec/ports/0/port', value: 9999 }]));
    await measure(
      'configmaps',
      server,
      `${name}-config`,
      edit([{ op: 'replace', path: '/data/server.yaml', value: 'broken' }]),
    );
    await measure('deployments', server, name, remove);
  }
  return times;
}

interface Status {
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
}

async function readyOf(api: Api, server: Server): Promise<string> {
  const status = (await api.must('GET', serverPath(server)))['status'] as Status | undefined;
  return status?.conditions?.find((c) => c.type === 'Ready')?.status ?? 'Unknown';
}

export async function allReady(api: Api, servers: readonly Server[], limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const states = await Promise.all(servers.map((server) => readyOf(api, server)));
    if (states.every((state) => state === 'True')) return;
    if (performance.now() > deadline)
      throw new Error(`not all of ${servers.map((s) => s.name).join(', ')} are Ready: ${states.join(', ')}`);
    await sleep(100);
  }
}

/** Pods turn unready: from the Deployment saying so to the server saying so. */
export async function truth(world: World, servers: readonly Server[]): Promise<readonly number[]> {
  const { api, trail, operator } = world;
  await allReady(api, servers, 120_000);
  const times: number[] = [];
  await parallel(servers.length, 10, async (i) => {
    const server = servers[i];
    if (!server) return;
    const from = trail.mark();
    const pods = await api.must(
      'GET',
      `/api/v1/namespaces/${server.namespace}/pods?labelSelector=app.kubernetes.io/instance=${server.name}`,
    );
    for (const pod of pods.items ?? []) {
      const now = new Date().toISOString();
      const off = (type: string) => ({ type, status: 'False', lastTransitionTime: now });
      const status = { conditions: [off('Ready'), off('ContainersReady')] };
      await must(
        api.patch(`/api/v1/namespaces/${server.namespace}/pods/${pod.metadata?.name}/status`, { status }, 'strategic'),
      );
    }
    const shown = await trail.first(
      from,
      LIMIT_MS,
      (r) =>
        r.resource === 'deployments' &&
        r.subresource === 'status' &&
        r.namespace === server.namespace &&
        r.name === server.name &&
        succeeded(r),
    );
    const said = await trail.first(
      from,
      LIMIT_MS,
      (r) =>
        r.user === operator &&
        r.resource === 'mcpservers' &&
        r.subresource === 'status' &&
        r.namespace === server.namespace &&
        r.name === server.name &&
        succeeded(r),
    );
    const honest = said !== undefined && (await readyOf(api, server)) === 'False';
    times.push(shown && said && honest ? Math.max(0, said.answeredAt - shown.answeredAt) : LIMIT_MS);
  });
  return times;
}

/** Whether a scale by hand survives edits and time while autoscaling owns the replicas: 1 or 0. */
export async function scaleKept({ api, trail, operator }: World, servers: readonly Server[]): Promise<number> {
  const spec = {
    storage: { type: 'Postgres', postgres: { urlSecretRef: { name: 'database', key: 'url' } } },
    autoscaling: { minReplicas: 1, maxReplicas: 5 },
  };
  for (const server of servers) {
    await api.call('POST', `/api/v1/namespaces/${server.namespace}/secrets`, {
      metadata: { name: 'database' },
      stringData: { url: 'postgres://none' },
    });
    await api.must('POST', serverPath({ ...server, name: '' }), manifest(server, spec));
  }
  await allReady(api, servers, 120_000);
  for (const server of servers) await must(api.patch(`${deploymentPath(server)}/scale`, { spec: { replicas: 3 } }));
  const from = trail.mark();
  for (const server of servers)
    await must(
      api.patch(serverPath(server), {
        metadata: { labels: { touched: 'yes' } },
        spec: { telemetry: { logLevel: 'debug' } },
      }),
    );
  await trail.quiet(from, operator, 3000, 60_000);
  const counted = await Promise.all(
    servers.map(async (server) => (await api.must('GET', deploymentPath(server)))['spec'] as { replicas?: number }),
  );
  return counted.every((deployment) => deployment.replicas === 3) ? 1 : 0;
}

export const serversFrom = (first: number, count: number): readonly Server[] =>
  Array.from({ length: count }, (_, i) => serverAt(first + i));
