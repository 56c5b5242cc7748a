/**
 * The controller at work against the in-memory API server, with a proxy that stands for the servers' pods. Time runs
 * twenty times as fast, so that what waits a second is not waited for.
 */
import { vi } from 'vitest';
import type { McpServerStatus } from '#crds/mcpserver-status.ts';
import type { Clock } from '#operator/kit/clock.ts';
import { findCondition } from '#operator/kit/conditions.ts';
import { createEventRecorder } from '#operator/kit/events.ts';
import { silentLogger } from '#operator/kit/log.ts';
import { Manager } from '#operator/kit/manager.ts';
import { createMetrics } from '#operator/kit/metrics.ts';
import { deployments, pods } from '#operator/kit/resources.ts';
import { createClient } from '#operator/kit/rest-client.ts';
import { startTestApi, type TestApi } from '#operator/kit/testing/api.ts';
import type { Pod } from '#operator/kit/wire.ts';
import { mcpServers } from '#operator/workload/customresources.ts';
import { workloadInformers } from '#operator/workload/informers.ts';
import { mcpServerCaches } from '../caches.ts';
import { createMcpServerController } from '../controller.ts';
import { HANDOVER_MANAGER } from '../handover.ts';
import { pod, READY } from './fixtures.ts';
import { type McpProxy, startMcpProxy } from './mcp-proxy.ts';

const SPEED = 20;
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
  run(status?: Pod['status'], name?: string): void;
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
  let operator = startOperator(api, proxy);
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
    quiet: async () => {
      let seen = -1;
      // Longer than the longest wait for a status, in fast time.
      while (seen !== api.writes.length) {
        seen = api.writes.length;
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    },
    restart: async () => {
      await operator.stop();
      operator = startOperator(api, proxy);
      await operator.synced;
    },
    [Symbol.asyncDispose]: async () => {
      await operator.stop();
      await proxy[Symbol.asyncDispose]();
      await api.close();
    },
  };
}

function startOperator(api: TestApi, proxy: McpProxy) {
  const client = createClient({ config: api.config });
  const handover = createClient({ config: api.config, fieldManager: HANDOVER_MANAGER });
  const log = silentLogger;
  const failed = Promise.withResolvers<never>();
  const fatal = (error: unknown): void => failed.reject(error);
  const manager = new Manager({ client, log, fatal, metrics: createMetrics(), clock: fastClock, frozen: true });
  const caches = mcpServerCaches(manager, workloadInformers(manager));
  const { controller, verifier } = createMcpServerController({
    caches,
    client,
    handover,
    events: createEventRecorder({ client, controller: 'mcpfleet.dev/operator', instance: 'test', log }),
    log,
    fatal,
    serverImage: 'mcpfleet.local/server:dev',
    version: '0.1.0',
    proxy: { http: proxy.url },
    clock: fastClock,
  });
  manager.add(controller);
  const end = new AbortController();
  const running = Promise.race([manager.run(end.signal), failed.promise]);
  return {
    synced: Promise.all(Object.values(caches).map((informer) => informer.whenSynced())),
    stop: async () => {
      end.abort();
      await running;
      await verifier.stop();
      await client.close();
      await handover.close();
    },
  };
}
