/**
 * The caches that both controllers read, declared once per process. Kinds whose names can clash with ours are watched
 * whole, so that a stranger's object is seen, and its going too; pods by the label that ours carry.
 */
import type { Manager } from '#operator/kit/manager.ts';
import { type CachedChild, childProjection, customProjection } from '#operator/kit/projection.ts';
import * as kinds from '#operator/kit/resources.ts';
import type { Secret, Service } from '#operator/kit/wire.ts';
import { modelBackends } from './customresources.ts';
import { projectDeployment } from './deployment.ts';
import { MANAGER, MANAGER_LABEL } from './labels.ts';
import { projectPod, WORKLOAD_INDEX, workloadOf } from './pods.ts';

/** The names of a Secret's keys, never its values; unknown where metadata alone came in. */
export interface CachedSecret extends CachedChild {
  readonly keys?: readonly string[];
}

export interface CachedService extends CachedChild {
  readonly clusterIP: string;
  /** Port numbers, for whoever wants to reach it. */
  readonly ports: readonly number[];
}

export const projectSecret: (secret: Secret) => CachedSecret = childProjection(({ kind, data }: Secret) =>
  kind === kinds.secrets.kind ? { keys: Object.keys(data ?? {}) } : {},
);

export const projectService: (service: Service) => CachedService = childProjection(({ spec }: Service) => ({
  clusterIP: spec.clusterIP ?? '',
  ports: (spec.ports ?? []).map(({ port }) => port),
}));

/** The index by which all objects of a namespace are found. */
export const NAMESPACE_INDEX = 'namespace';

export function workloadInformers(manager: Manager) {
  return {
    deployments: manager.informer(kinds.deployments, projectDeployment),
    services: manager.informer(kinds.services, projectService),
    horizontalPodAutoscalers: manager.informer(kinds.horizontalPodAutoscalers, childProjection()),
    podDisruptionBudgets: manager.informer(kinds.podDisruptionBudgets, childProjection()),
    persistentVolumeClaims: manager.informer(kinds.persistentVolumeClaims, childProjection()),
    secrets: manager.informer(kinds.secrets, projectSecret),
    pods: manager.informer(kinds.pods, projectPod, {
      labelSelector: `${MANAGER_LABEL}=${MANAGER}`,
      indices: { [WORKLOAD_INDEX]: workloadOf },
    }),
    modelBackends: manager.informer(modelBackends, customProjection, {
      indices: { [NAMESPACE_INDEX]: ({ metadata }) => [metadata.namespace] },
    }),
  };
}

export type WorkloadInformers = ReturnType<typeof workloadInformers>;
