/**
 * The controller at work against the in-memory API server, with a proxy that stands for the servers' pods.
 */
import type { McpServerStatus } from '#crds/mcpserver-status.ts';
import { startTestApi, type TestApi } from '#operator/kit/testing/api.ts';
import { mcpServers } from '#operator/workload/customresources.ts';
import {
  completeRollout,
  conditionText,
  eventsAbout,
  fastClock,
  key,
  quiet,
} from '#operator/workload/testing/cluster.ts';
import { type PodStatus, pod, READY } from './fixtures.ts';
import { type McpProxy, startMcpProxy } from './mcp-proxy.ts';
import { startOperator } from './operator.ts';

export interface World extends AsyncDisposable {
  readonly api: TestApi;
  readonly proxy: McpProxy;
  status(name?: string): McpServerStatus | undefined;
  condition(type: string, name?: string): string;
  /** Stands in for the controllers and kubelets of a cluster: the Deployment's rollout completes with these pods. */
  run(status?: PodStatus, name?: string): void;
  /** Events about the server, as `type reason`. */
  events(name?: string): readonly string[];
  /** Resolves when the operator has written nothing for a while. */
  quiet(): Promise<void>;
  /** Ends the operator and starts another one. */
  restart(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const api = await startTestApi();
  const proxy = await startMcpProxy();
  const start = () => startOperator({ config: api.config, proxy: proxy.url, clock: fastClock });
  let operator = start();
  const status = (name = 'assistant') => api.find(mcpServers, key(name))?.status;
  return {
    api,
    proxy,
    status,
    condition: (type, name) => conditionText(status(name)?.conditions, type),
    run: (podStatus = READY, name = 'assistant') => {
      completeRollout(api, name, (podName) => pod(podName, podStatus, name), podStatus === READY);
    },
    events: (name = 'assistant') => eventsAbout(api, name),
    quiet: () => quiet(api),
    restart: async () => {
      await operator.stop();
      operator = start();
      await operator.synced;
    },
    [Symbol.asyncDispose]: async () => {
      await operator.stop();
      await proxy[Symbol.asyncDispose]();
      await api.close();
    },
  };
}
