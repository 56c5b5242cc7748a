/**
 * The server under the conformance suite: the toolset `everything` in three pods behind the ingress, with PostgreSQL
 * for what they share.
 */
import type { Kubectl } from '../cluster/kubectl.ts';
import type { Cluster } from '../cluster/provider.ts';
import { conditionOf, type FleetObject, ingressUrl } from '../fleet.ts';
import { exposedAt, IN_POSTGRES, mcpServer } from '../manifests.ts';
import { startPostgres } from '../postgres.ts';
import { until } from '../until.ts';
import type { Server } from './run.ts';

export interface Target extends Server, AsyncDisposable {
  readonly replicas: number;
}

const NAME = 'everything';

/** Deploys it in a namespace; disposing takes away what does not go with that. */
export async function deployEverything(cluster: Cluster, namespace: string, kube: Kubectl): Promise<Target> {
  await using begun = new AsyncDisposableStack();
  // A database can be started where the cluster's network is on this machine; elsewhere one pod keeps its own data.
  const shared = cluster.capabilities.has('processes');
  if (shared) begun.use(await startPostgres({ cluster, kube }));
  const replicas = shared ? 3 : 1;
  // The suite calls with Node's own resolver, which finds no names below localhost.
  const spec = { ...exposedAt('localhost'), ...(shared ? IN_POSTGRES : {}), replicas, rollout: { drain: '1s' } };
  await kube.apply(mcpServer(NAME, { toolsets: [{ name: NAME }], ...spec }));
  await untilReady(kube, replicas);
  const direct = await cluster.forward({ namespace, service: NAME, port: 80 });
  begun.defer(() => direct.close());
  const front = await ingressUrl(cluster, namespace, NAME);
  const all = begun.move();
  return { replicas, front, direct: `${direct.url}/mcp`, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

async function untilReady(kube: Kubectl, replicas: number): Promise<void> {
  let server: FleetObject | undefined;
  try {
    await until(`the server with ${replicas} pods`, 120_000, async () => {
      server = await kube.get<FleetObject>('mcpserver', NAME);
      return conditionOf(server, 'Ready')?.status === 'True' && server.status?.readyReplicas === replicas;
    });
  } catch (error) {
    const said = (server?.status?.conditions ?? []).map(
      ({ type, status, message }) => `  ${type}=${status}: ${message}`,
    );
    throw new Error(`${(error as Error).message}; it says\n${said.join('\n')}`, { cause: error });
  }
}
