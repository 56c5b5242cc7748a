/**
 * ModelBackends, pods and observations for tests, as the API server would hand them out: with defaults applied and
 * metadata set. A test says only what it is about.
 */
import { API_VERSION } from '#crds/group.ts';
import { type ModelBackendInput, parseModelBackend } from '#crds/modelbackend-status.ts';
import type { KubeObject } from '#operator/kit/object.ts';
import { STORED } from '#operator/kit/testing/metadata.ts';
import type { Pod } from '#operator/kit/wire.ts';
import type { CachedModelBackend, ModelBackendObject } from '#operator/workload/customresources.ts';
import type { DeploymentState } from '#operator/workload/deployment.ts';
import { workloadLabels } from '#operator/workload/labels.ts';
import { type CachedPod, projectPod } from '#operator/workload/pods.ts';
import type { Observed } from '../observe.ts';

type Spec = ModelBackendInput['spec'];
type ManagedInput = NonNullable<Spec['managed']>;

const MODELS: Spec['models'] = [{ name: 'tiny' }];

/** A backend as it is sent to the API server; the defaults are there because the test API sets none. */
export function modelBackend(spec: Partial<Spec>, name = 'llama'): ModelBackendObject {
  const parsed = parseModelBackend({
    apiVersion: API_VERSION,
    kind: 'ModelBackend',
    metadata: { name },
    spec: { type: 'External', models: MODELS, ...spec },
  });
  return { ...parsed, metadata: { name, namespace: 'team-a' } } as ModelBackendObject;
}

export const external = (url: string, spec: Partial<Spec> = {}, name = 'llama'): ModelBackendObject =>
  modelBackend({ external: { url, allowInsecure: true }, ...spec }, name);

const ENGINE: ManagedInput = {
  engine: 'LlamaCpp',
  image: 'example.com/llama.cpp:1',
  source: { builtin: { path: '/models/tiny.gguf' } },
};

export const managed = (fields: Partial<ManagedInput> = {}, spec: Partial<Spec> = {}): ModelBackendObject =>
  modelBackend({ type: 'Managed', managed: { ...ENGINE, ...fields }, ...spec });

/** What `KEY` refers to. */
export const secret = (token: string): KubeObject & { data: Record<string, string> } => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: 'team-a', name: 'api-key' },
  data: { token: Buffer.from(token).toString('base64') },
});

export function cached(backend: ModelBackendObject): CachedModelBackend {
  const { name } = backend.metadata;
  return { ...backend, metadata: { ...STORED, namespace: 'team-a', name, uid: `uid-${name}`, generation: 2 } };
}

export type PodStatus = NonNullable<Pod['status']>;
export const READY: PodStatus = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
export const UNREADY: PodStatus = { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] };

const ended = { exitCode: 137, reason: 'OOMKilled', finishedAt: '2026-01-01T01:00:00Z' };
const crashed = {
  name: 'engine',
  ready: false,
  restartCount: 3,
  state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
  lastState: { terminated: { ...ended, message: `\u001b[31mout of memory\n${'x'.repeat(5000)}` } },
};
/** Ended for want of memory, with last words that no terminal should see. */
export const CRASHED: PodStatus = { ...UNREADY, containerStatuses: [crashed] };
export const UNSCHEDULABLE: PodStatus = {
  conditions: [
    { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'Insufficient nvidia.com/gpu' },
  ],
};
export const UNPULLABLE: PodStatus = {
  containerStatuses: [
    {
      name: 'engine',
      ready: false,
      restartCount: 0,
      state: { waiting: { reason: 'ErrImagePull', message: 'denied' } },
    },
  ],
};

/** A pod of the engine of `llama`, ready unless its status says otherwise. */
export function pod(name: string, status: PodStatus = READY, revision = 'a1', backend = 'llama'): Pod {
  const labels = workloadLabels({ application: 'model-backend', instance: backend });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'team-a', name, labels: { ...labels, 'pod-template-hash': revision } },
    spec: { containers: [] },
    status,
  };
}

export function cachedPod(status: PodStatus = READY, name = 'llama-1', revision = 'a1'): CachedPod {
  const made = pod(name, status, revision);
  const { creationTimestamp } = STORED;
  return projectPod({
    ...made,
    metadata: { ...made.metadata, uid: `uid-${name}`, resourceVersion: '9', creationTimestamp },
  });
}

/** A world in which nothing exists yet. */
export const NOTHING: Observed = { children: [], deployment: undefined, pods: [], references: [] };

/** A Deployment whose rollout is complete unless told otherwise. */
export function rolledOut(state: Partial<DeploymentState> = {}): NonNullable<Observed['deployment']> {
  const { replicas = 1 } = state;
  return {
    metadata: { ...STORED, namespace: 'team-a', name: 'llama', uid: 'uid-deployment', generation: 1 },
    ownedHash: '',
    replicas,
    ownsReplicas: true,
    pristine: false,
    observed: true,
    total: replicas,
    updated: replicas,
    progress: 'NewReplicaSetAvailable',
    ...state,
  };
}
