/**
 * What every end-to-end test begins with: the cluster with the product on it, a
 * namespace of its own that enforces the restricted Pod Security Standard, and questions
 * about what it says there.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, inject } from 'vitest';
import { type Api, connectApi } from './api.ts';
import { connect, lacking } from './cluster/connect.ts';
import { type Kubectl, kubectl } from './cluster/kubectl.ts';
import type { Capability, Cluster } from './cluster/provider.ts';
import {
  type Condition,
  conditionOf,
  type FleetObject,
  ingressUrl as ingressUrlOf,
  restrictedNamespace,
} from './fleet.ts';
import { until } from './until.ts';

export interface World {
  readonly cluster: Cluster;
  readonly api: Api;
  readonly kube: Kubectl;
  readonly namespace: string;
}

/** A world with a new namespace, which goes with it. */
export async function openWorld(name: string): Promise<World & AsyncDisposable> {
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

/** The world of one test file. */
interface FileWorld extends World {
  /** False when the cluster lacks what the tests need: they are skipped, and there is no world. */
  readonly possible: boolean;
}

/**
 * Opens a world before the tests of this file and closes it after them. Skips them all, with the reason, where the
 * cluster cannot do what they need.
 */
export function useWorld(name: string, ...capabilities: readonly Capability[]): FileWorld {
  let opened: (World & AsyncDisposable) | undefined;
  const world = (): World => {
    if (!opened) throw new Error('the world is there for hooks and tests only');
    return opened;
  };
  const possible = needs(...capabilities);
  beforeAll(async () => {
    if (possible) opened = await openWorld(name);
  });
  afterAll(() => opened?.[Symbol.asyncDispose]());
  return {
    possible,
    get cluster() {
      return world().cluster;
    },
    get api() {
      return world().api;
    },
    get kube() {
      return world().kube;
    },
    get namespace() {
      return world().namespace;
    },
  };
}

/** Skips, with the reason, every test of the file whose cluster cannot do this; false when it does. */
function needs(...capabilities: readonly Capability[]): boolean {
  const why = lacking(inject('cluster'), ...capabilities);
  beforeEach((context) => context.skip(why !== undefined, why));
  return why === undefined;
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

/** Asks for an examination by the conformance suite under a name, and waits for what came out. */
export async function examined(
  world: World,
  name: string,
  request: string,
): Promise<Readonly<Record<string, unknown>>> {
  await world.kube.run(['annotate', '--overwrite', 'mcpserver', name, `mcpfleet.dev/verify-conformance=${request}`]);
  return until(`the examination ${request} of ${name}`, 120_000, async () => {
    const { status } = await read(world, 'mcpservers', name);
    const conformance = status?.['conformance'] as Readonly<Record<string, unknown>> | undefined;
    return conformance?.['request'] === request ? conformance : undefined;
  });
}

/** URL of a server at the port on which the ingress is reached from here, once it leads there. */
export function ingressUrl(world: World, name: string): Promise<string> {
  return ingressUrlOf(world.cluster, world.namespace, name);
}

/** User name of the operator in the audit log. */
export const OPERATOR = 'system:serviceaccount:mcp-fleet-system:mcp-fleet';
