/**
 * What every end-to-end test begins with: the cluster with the product on it, a
 * namespace of its own that enforces the restricted Pod Security Standard, and patient
 * questions about the state of the world.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, inject } from 'vitest';
import { type Api, connectApi } from './api.ts';
import { untilRouted } from './clients.ts';
import { connect, lacking } from './cluster/connect.ts';
import { type Kubectl, kubectl } from './cluster/kubectl.ts';
import type { Capability, Cluster } from './cluster/provider.ts';
import { type Condition, conditionOf, type FleetObject, restrictedNamespace } from './fleet.ts';

export interface World extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly api: Api;
  readonly kube: Kubectl;
  readonly namespace: string;
}

/** A world with a new namespace, which goes with it. */
export async function openWorld(name: string): Promise<World> {
  const cluster = await connect(inject('cluster'));
  const api = connectApi(cluster.kubeconfig);
  const namespace = `${name}-${randomBytes(3).toString('hex')}`;
  await api.must('POST', '/api/v1/namespaces', restrictedNamespace(namespace));
  return {
    cluster,
    api,
    kube: kubectl(cluster).in(namespace),
    namespace,
    [Symbol.asyncDispose]: async () => {
      // First what the operator acts on, so that it does not try to repair what goes with the namespace.
      await kubectl(cluster).in(namespace).run(['delete', 'mcpservers,modelbackends', '--all', '--wait']);
      await kubectl(cluster).run(['delete', 'namespace', namespace, '--wait=false']);
      await api.close();
    },
  };
}

/** Skips, with the reason, every test of the file whose cluster cannot do this; false when it does. */
export function needs(...capabilities: readonly Capability[]): boolean {
  const why = lacking(inject('cluster'), ...capabilities);
  beforeEach((context) => context.skip(why !== undefined, why));
  return why === undefined;
}

/** Asks until the answer is not undefined or false; throws with `what` after `limitMs`. */
export async function until<T>(what: string, limitMs: number, ask: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms`);
    await sleep(25);
  }
}

export const fleetPath = (namespace: string, kind: 'mcpservers' | 'modelbackends', name: string): string =>
  `/apis/mcpfleet.dev/v1alpha1/namespaces/${namespace}/${kind}/${name}`;

/** An McpServer or ModelBackend as it is now. */
export async function read(world: World, kind: 'mcpservers' | 'modelbackends', name: string): Promise<FleetObject> {
  return (await world.api.must('GET', fleetPath(world.namespace, kind, name))) as unknown as FleetObject;
}

/** Waits for a condition; on failure the error shows all conditions, so that the log tells why. */
export async function untilCondition(
  world: World,
  kind: 'mcpservers' | 'modelbackends',
  name: string,
  wanted: Partial<Condition> & { readonly type: string },
  limitMs: number,
): Promise<FleetObject> {
  let last: FleetObject | undefined;
  try {
    return await until(`${name}: ${JSON.stringify(wanted)}`, limitMs, async () => {
      last = await read(world, kind, name);
      const condition = conditionOf(last, wanted.type);
      if (condition?.observedGeneration !== last.metadata.generation) return undefined;
      const fits = Object.entries(wanted).every(([field, value]) => condition[field as keyof Condition] === value);
      return fits ? last : undefined;
    });
  } catch (error) {
    const lines = (last?.status?.conditions ?? []).map((c) => `  ${c.type}=${c.status} ${c.reason}: ${c.message}`);
    throw new Error(`${(error as Error).message}; it says\n${lines.join('\n')}`, { cause: error });
  }
}

/** URL of a server at the port on which the ingress is reached from here, once it leads there. */
export async function ingressUrl(world: World, name: string): Promise<string> {
  const { status } = await read(world, 'mcpservers', name);
  if (status?.url === undefined || world.cluster.ingress === undefined) throw new Error(`${name} has no URL here`);
  const url = new URL(status.url);
  url.port = new URL(world.cluster.ingress.url).port;
  await untilRouted(url.href);
  return url.href;
}

/** Small enough for many on a small node. */
export const SMALL = { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '512Mi' } };

/** Onto nodes that only pretend: pods there run in name alone. */
export const ON_FAKE_NODES = {
  nodeSelector: { type: 'kwok' },
  tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists' }],
};

export function mcpServer(name: string, spec: Readonly<Record<string, unknown>> = {}): object {
  return {
    apiVersion: 'mcpfleet.dev/v1alpha1',
    kind: 'McpServer',
    metadata: { name },
    spec: {
      toolsets: [{ name: 'tasks' }],
      resources: SMALL,
      storage: { type: 'Embedded', embedded: { ephemeral: true } },
      ...spec,
    },
  };
}

export function modelBackend(name: string, spec: Readonly<Record<string, unknown>>): object {
  return { apiVersion: 'mcpfleet.dev/v1alpha1', kind: 'ModelBackend', metadata: { name }, spec };
}

/** The real engine with the tiny model. */
export function tinyModel(name: string, managed: Readonly<Record<string, unknown>> = {}): object {
  return modelBackend(name, {
    type: 'Managed',
    models: [{ name: 'tiny', tasks: ['Chat', 'Completion'] }],
    health: { interval: '2s', timeout: '1s', failureThreshold: 2 },
    managed: {
      engine: 'LlamaCpp',
      image: 'mcpfleet.local/llama-cpp:dev',
      source: { builtin: { path: '/models/tiny.gguf' } },
      resources: SMALL,
      drain: { preStop: '1s', terminationGracePeriod: '10s' },
      ...managed,
    },
  });
}

/** User name of the operator in the audit log. */
export const OPERATOR = 'system:serviceaccount:mcp-fleet-system:mcp-fleet';
