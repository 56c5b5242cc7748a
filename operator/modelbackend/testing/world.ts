/**
 * The controller at work against the in-memory API server and real HTTP engines on loopback.
 */
import type { ModelBackendStatus } from '#crds/modelbackend-status.ts';
import { pods, services } from '#operator/kit/resources.ts';
import { startTestApi, type TestApi } from '#operator/kit/testing/api.ts';
import { modelBackends } from '#operator/workload/customresources.ts';
import { workloadInformers } from '#operator/workload/informers.ts';
import {
  completeRollout,
  conditionText,
  eventsAbout,
  fastClock,
  key,
  quiet,
} from '#operator/workload/testing/cluster.ts';
import { startOperator } from '#operator/workload/testing/operator.ts';
import { modelBackendController } from '../controller.ts';
import { type PodStatus, pod, READY } from './fixtures.ts';

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

export async function startWorld(): Promise<World> {
  const api = await startTestApi();
  let operator = start(api);
  const status = (name = 'llama') => api.find(modelBackends, key(name))?.status;
  return {
    api,
    status,
    condition: (type, name) => conditionText(status(name)?.conditions, type),
    run: (podStatus = READY, revision = 'a1', name = 'llama') => {
      const service = api.get(services, key(name));
      api.put(services, { ...service, spec: { ...service.spec, clusterIP: '127.0.0.1' } }, 'kube-apiserver');
      const made = (podName: string) => pod(podName, podStatus, revision, name);
      const replicas = completeRollout(api, name, made, podStatus === READY);
      for (const { metadata } of api.list(pods)) {
        const [instance, number] = metadata.name.split(/-(?=\d+$)/);
        if (instance === name && Number(number) > replicas) api.remove(pods, key(metadata.name));
      }
    },
    events: (name = 'llama') => eventsAbout(api, name),
    statusWrites: (name = 'llama') =>
      api.writes.filter(({ path }) => path.endsWith(`/modelbackends/${name}/status`)).length,
    quiet: () => quiet(api),
    restart: async () => {
      await operator.stop();
      operator = start(api);
      await operator.synced;
    },
    [Symbol.asyncDispose]: async () => {
      await operator.stop();
      await api.close();
    },
  };
}

const start = ({ config }: TestApi) =>
  startOperator({ config, clock: fastClock }, (manager, common) => {
    const caches = workloadInformers(manager);
    const { controller, stop } = modelBackendController({ ...common, caches });
    manager.add(controller);
    return { caches, stop };
  });
