/**
 * Everything that a reconcile of one ModelBackend goes by, read from caches at one
 * moment. No I/O; nothing is judged here but whether references exist.
 */
import type { WorkloadState } from '#operator/workload/availability.ts';
import type { CachedModelBackend } from '#operator/workload/customresources.ts';
import type { CachedDeployment } from '#operator/workload/deployment.ts';
import type { WorkloadInformers } from '#operator/workload/informers.ts';
import type { Workload } from '#operator/workload/labels.ts';
import { WORKLOAD_INDEX, workloadKey } from '#operator/workload/pods.ts';
import type { ProbeResult } from '../../models/probe.ts';
import { type Problem, problemsOf } from './problems.ts';

export interface Observed {
  readonly backend: CachedModelBackend;
  readonly deployment: CachedDeployment | undefined;
  /** Undefined where the operator runs no pods. */
  readonly workload: WorkloadState | undefined;
  /** Version of the Secret with the credential; undefined without one. */
  readonly credentialVersion: string | undefined;
  /** The last finding of the prober; undefined while there is nobody to ask. */
  readonly probe: ProbeResult | undefined;
  readonly problems: readonly Problem[];
}

export const workloadFor = (backend: CachedModelBackend): Workload => ({
  application: 'model-backend',
  instance: backend.metadata.name,
});

export type Caches = Pick<
  WorkloadInformers,
  | 'modelBackends'
  | 'deployments'
  | 'services'
  | 'horizontalPodAutoscalers'
  | 'podDisruptionBudgets'
  | 'persistentVolumeClaims'
  | 'secrets'
  | 'pods'
>;

export function observe(backend: CachedModelBackend, caches: Caches): Omit<Observed, 'probe'> {
  const { metadata, spec } = backend;
  const deployment = caches.deployments.store.get(metadata);
  const ours = deployment?.metadata.ownerReferences.some(({ uid }) => uid === metadata.uid) ? deployment : undefined;
  const pods = caches.pods.store.byIndex(WORKLOAD_INDEX, workloadKey(metadata.namespace, workloadFor(backend)));
  const workload = spec.managed && {
    deployment: ours,
    pods,
    wanted: spec.managed.autoscaling
      ? (ours?.replicas ?? spec.managed.autoscaling.minReplicas)
      : (spec.managed.replicas ?? 1),
  };
  return {
    backend,
    deployment: ours,
    workload,
    credentialVersion:
      spec.auth.secretRef &&
      caches.secrets.store.get({ namespace: metadata.namespace, name: spec.auth.secretRef.name })?.metadata
        .resourceVersion,
    problems: problemsOf(backend, caches),
  };
}
