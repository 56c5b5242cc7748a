/**
 * The controller at work against the in-memory API server, with a proxy that stands for the servers' pods.
 */
import type { McpServerStatus } from '#crds/mcpserver-status.ts';
import { mcpServers } from '#operator/workload/customresources.ts';
import { completeRollout, fastClock } from '#operator/workload/testing/cluster.ts';
import * as workload from '#operator/workload/testing/world.ts';
import { type PodStatus, pod, READY } from './fixtures.ts';
import { type McpProxy, startMcpProxy } from './mcp-proxy.ts';
import { startOperator } from './operator.ts';

export interface World extends workload.World<McpServerStatus> {
  readonly proxy: McpProxy;
  /** Stands in for the controllers and kubelets of a cluster: the Deployment's rollout completes with these pods. */
  run(status?: PodStatus, name?: string): void;
}

export async function startWorld(): Promise<World> {
  const proxy = await startMcpProxy();
  const world = await workload.startWorld<McpServerStatus>({
    resource: mcpServers,
    name: 'assistant',
    start: ({ config }) => startOperator({ config, proxy: proxy.url, clock: fastClock }),
  });
  return {
    ...world,
    proxy,
    run: (podStatus = READY, name = 'assistant') => {
      completeRollout(world.api, name, (podName) => pod(podName, podStatus, name), podStatus === READY);
    },
    [Symbol.asyncDispose]: async () => {
      await world[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
    },
  };
}
