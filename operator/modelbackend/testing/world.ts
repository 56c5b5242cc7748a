/**
 * The controller at work against the in-memory API server and real HTTP engines on loopback. Time runs fifty times as
 * fast, so that what waits a second is not waited for.
 */
import { vi } from 'vitest';
import type { ModelBackendStatus } from '#crds/modelbackend-status.ts';
import type { Clock } from '#operator/kit/clock.ts';
import { findCondition } from '#operator/kit/conditions.ts';
import { createEventRecorder } from '#operator/kit/events.ts';
import { silentLogger } from '#operator/kit/log.ts';
import { Manager } from '#operator/kit/manager.ts';
import { createMetrics } from '#operator/kit/metrics.ts';
import { deployments, events, pods, services } from '#operator/kit/resources.ts';
import { createClient } from '#operator/kit/rest-client.ts';
import { startTestApi, type TestApi } from '#operator/kit/testing/api.ts';
import { modelBackends } from '#operator/workload/customresources.ts';
import { workloadInformers } from '#operator/workload/informers.ts';
import { modelBackendController } from '../controller.ts';
import { type PodStatus, pod, READY } from './fixtures.ts';

const SPEED = 50;
const fastClock: Clock = {
  now: () => performance.now() * SPEED,
  wall: () => Date.now(),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms / SPEED);
    return () => clearTimeout(timer);
  },
};

/** What the second field manager is called does not matter to the controller. */
export const HANDOVER = 'handover';

export interface World extends AsyncDisposable {
  readonly api: TestApi;
  status(name?: string): ModelBackendStatus | undefined;
  condition(type: string, name?: string): string;
  /**
   * Stands in for the controllers and kubelets of a cluster: the Deployment's rollout completes with these pods, and
   * the Service leads to this machine.
   */
  run(status?: PodStatus, revision?: string, name?: string): void;
  /** Events about the backend, as `type reason`. */
  events(name?: string): readonly string[];
  /** Status writes so far. */
  statusWrites(name?: string): number;
  /** Resolves when the operator has written nothing for a while. */
  quiet(): Promise<void>;
  /** Ends the operator and starts another one. */
  restart(): Promise<void>;
}

export const until = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 5000, interval: 5 });

export const key = (name: string) => ({ namespace: 'team-a', name });

export async function startWorld(): Promise<World> {
  const api = await startTestApi();
  let operator = startOperator(api);
  const status = (name = 'llama') => api.find(modelBackends, key(name))?.status;
  return {
    api,
    status,
    condition: (type, name) => {
      const found = findCondition(status(name)?.conditions, type);
      return found === undefined ? '' : `${found.status}/${found.reason}`;
    },
    run: (podStatus = READY, revision = 'a1', name = 'llama') => {
      const service = api.get(services, key(name));
      api.put(services, { ...service, spec: { ...service.spec, clusterIP: '127.0.0.1' } }, 'kube-apiserver');
      const { metadata, spec } = api.get(deployments, key(name));
      const replicas = spec.replicas ?? 1;
      for (let i = 1; i <= replicas; i += 1) {
        const { status, ...made } = pod(`${name}-${i}`, podStatus, revision, name);
        api.put(pods, made);
        api.setStatus(pods, key(`${name}-${i}`), status ?? {}, 'kubelet');
      }
      for (const { metadata } of api.list(pods)) {
        const [instance, number] = metadata.name.split(/-(?=\d+$)/);
        if (instance === name && Number(number) > replicas) api.remove(pods, key(metadata.name));
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
    events: (name = 'llama') =>
      api
        .list(events)
        .filter(({ regarding }) => regarding.name === name)
        .map(({ type, reason }) => `${type} ${reason}`),
    statusWrites: (name = 'llama') =>
      api.writes.filter(({ path }) => path.endsWith(`/modelbackends/${name}/status`)).length,
    quiet: async () => {
      let seen = -1;
      // Longer than the longest wait for a status, in fast time.
      while (seen !== api.writes.length) {
        seen = api.writes.length;
        await new Promise((resolve) => setTimeout(resolve, 6000 / SPEED));
      }
    },
    restart: async () => {
      await operator.stop();
      operator = startOperator(api);
      await operator.synced;
    },
    [Symbol.asyncDispose]: async () => {
      await operator.stop();
      await api.close();
    },
  };
}

function startOperator(api: TestApi) {
  const client = createClient({ config: api.config });
  const handover = createClient({ config: api.config, fieldManager: HANDOVER });
  const log = silentLogger;
  const failed = Promise.withResolvers<never>();
  const fatal = (error: unknown): void => failed.reject(error);
  const manager = new Manager({ client, log, fatal, metrics: createMetrics(), clock: fastClock, frozen: true });
  const caches = workloadInformers(manager);
  const { controller, stop } = modelBackendController({
    caches,
    client,
    handover,
    events: createEventRecorder({ client, controller: 'mcpfleet.dev/operator', instance: 'test', log }),
    log,
    fatal,
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
      await stop();
      await client.close();
      await handover.close();
    },
  };
}
