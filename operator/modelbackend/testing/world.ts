/**
 * The controller at work against the in-memory API server, with a real HTTP engine on loopback that stands for every
 * pod of a managed one.
 */
import { expect } from 'vitest';
import type { ModelBackendStatus } from '#crds/modelbackend-status.ts';
import { engine } from '#models/testing/openai-engine.ts';
import { type Scripted, startScripted } from '#models/testing/scripted.ts';
import { deployments, pods, services } from '#operator/kit/resources.ts';
import type { TestApi } from '#operator/kit/testing/api.ts';
import { modelBackends } from '#operator/workload/customresources.ts';
import { workloadInformers } from '#operator/workload/informers.ts';
import { completeRollout, fastClock, key, until } from '#operator/workload/testing/cluster.ts';
import { startOperator } from '#operator/workload/testing/operator.ts';
import * as workload from '#operator/workload/testing/world.ts';
import { modelBackendController } from '../controller.ts';
import { managed, type PodStatus, pod, READY } from './fixtures.ts';

type Fields = Parameters<typeof managed>[0];
type Spec = NonNullable<Parameters<typeof managed>[1]>;

/** Generous deadlines, since time runs fast. */
export const HEALTH = { interval: '20s', timeout: '20s', failureThreshold: 3, inference: { timeout: '40s' } };

/** Fields of an engine that has every child there is. */
export const SCALED = {
  resources: { requests: { cpu: '1' } },
  cache: { size: '10Gi', accessMode: 'ReadWriteMany' },
  source: { uri: 'hf://org/tiny' },
  autoscaling: { minReplicas: 2, maxReplicas: 5 },
} as const;

export interface World extends workload.World<ModelBackendStatus> {
  readonly engine: Scripted;
  /** Creates or changes the managed backend, whose engine is this world's. */
  apply(fields?: Fields, spec?: Spec): void;
  /** Applies it, and waits until it serves. */
  serve(fields?: Fields, spec?: Spec): Promise<void>;
  /** Waits for a condition to be `status/reason`. */
  until(type: string, verdict: string): Promise<void>;
  untilDeployed(): Promise<void>;
  /**
   * Stands in for the controllers and kubelets of a cluster: the Deployment's rollout completes with these pods, and
   * the Service leads to this machine.
   */
  run(status?: PodStatus, revision?: string, name?: string): void;
}

export async function startWorld(): Promise<World> {
  const scripted = await startScripted(engine(['tiny']));
  const world = await workload.startWorld<ModelBackendStatus>({ resource: modelBackends, name: 'llama', start });
  const { api } = world;
  const made: Pick<World, 'apply' | 'until' | 'untilDeployed' | 'run'> = {
    apply: (fields = {}, spec = {}) =>
      void api.put(modelBackends, managed({ port: scripted.port, ...fields }, { health: HEALTH, ...spec })),
    until: (type, verdict) => until(() => expect(world.condition(type)).toBe(verdict)),
    untilDeployed: () => until(() => expect(api.find(deployments, key('llama'))).toBeDefined()),
    run: (podStatus = READY, revision = 'a1', name = 'llama') => {
      const service = api.get(services, key(name));
      api.put(services, { ...service, spec: { ...service.spec, clusterIP: '127.0.0.1' } }, 'kube-apiserver');
      const podOf = (podName: string) => pod(podName, podStatus, revision, name);
      const replicas = completeRollout(api, name, podOf, podStatus === READY);
      for (const { metadata } of api.list(pods)) {
        const [instance, number] = metadata.name.split(/-(?=\d+$)/);
        if (instance === name && Number(number) > replicas) api.remove(pods, key(metadata.name));
      }
    },
  };
  return {
    ...world,
    ...made,
    engine: scripted,
    serve: async (fields, spec) => {
      made.apply(fields, spec);
      await made.untilDeployed();
      made.run();
      await made.until('Ready', 'True/Serving');
    },
    [Symbol.asyncDispose]: async () => {
      await world[Symbol.asyncDispose]();
      await scripted.close();
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
