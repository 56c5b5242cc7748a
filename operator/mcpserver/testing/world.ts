/**
 * The controller at work against the in-memory API server, with a proxy that stands for the servers' pods. Time runs
 * fifty times as fast, so that what waits a second is not waited for.
 */
import { vi } from 'vitest';
import type { McpServerStatus } from '#crds/mcpserver-status.ts';
import type { Clock } from '#operator/kit/clock.ts';
import { findCondition } from '#operator/kit/conditions.ts';
import { deployments, events, pods } from '#operator/kit/resources.ts';
import { startTestApi, type TestApi } from '#operator/kit/testing/api.ts';
import { mcpServers } from '#operator/workload/customresources.ts';
import { type PodStatus, pod, READY } from './fixtures.ts';
import { type McpProxy, startMcpProxy } from './mcp-proxy.ts';
import { startOperator } from './operator.ts';

const SPEED = 50;
const fastClock: Clock = {
  now: () => performance.now() * SPEED,
  wall: () => Date.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms / SPEED);
    return () => clearTimeout(timer);
  },
};

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

export const until = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 5000, interval: 5 });

export const key = (name: string) => ({ namespace: 'team-a', name });

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
    condition: (type, name) => {
      const found = findCondition(status(name)?.conditions, type);
      return found === undefined ? '' : `${found.status}/${found.reason}`;
    },
    run: (podStatus = READY, name = 'assistant') => {
      const { metadata, spec } = api.get(deployments, key(name));
      const replicas = spec.replicas ?? 1;
      for (let i = 1; i <= replicas; i += 1) {
        const { status, ...made } = pod(`${name}-${i}`, podStatus, name);
        api.put(pods, made);
        api.setStatus(pods, key(`${name}-${i}`), status ?? {}, 'kubelet');
      }
      const ready = podStatus === READY ? replicas : 0;
      api.setStatus(deployments, key(name), {
        observedGeneration: metadata.generation,
        replicas,
        updatedReplicas: replicas,
        readyReplicas: ready,
        availableReplicas: ready,
        conditions: [{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }],
      });
    },
    events: (name = 'assistant') =>
      api
        .list(events)
        .filter(({ regarding }) => regarding.name === name)
        .map(({ type, reason }) => `${type} ${reason}`),
    quiet: async () => {
      let seen = -1;
      // Longer than the longest wait for a status, in fast time.
      while (seen !== api.writes.length) {
        seen = api.writes.length;
        await new Promise((resolve) => setTimeout(resolve, 130));
      }
    },
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
