/**
 * What the cache keeps of a Deployment beside the hash of what we own: how many pods it wants, who says so, and how far
 * its rollout is.
 */
import { fieldManager } from '#operator/kit/client.ts';
import { type CachedChild, childProjection } from '#operator/kit/projection.ts';
import type { Deployment } from '#operator/kit/wire.ts';

export interface DeploymentState {
  /** spec.replicas as it stands. */
  readonly replicas: number;
  /** Whether our last intent set spec.replicas; if so, leaving it out would let the API server reset it to 1. */
  readonly ownsReplicas: boolean;
  /** Never changed since it was made, so that all its pods are of one revision. */
  readonly pristine: boolean;
  /** Whether the figures below are about the present spec. */
  readonly observed: boolean;
  readonly total: number;
  readonly updated: number;
  /** Reason of the Deployment's own condition Progressing, '' where it has none. */
  readonly progress: string;
}

export type CachedDeployment = CachedChild & DeploymentState;

export const projectDeployment: (deployment: Deployment) => CachedDeployment = childProjection(deploymentState);

function deploymentState({ metadata, spec, status }: Deployment): DeploymentState {
  const applied = metadata.managedFields?.find(
    ({ manager, operation, subresource }) =>
      manager === fieldManager && operation === 'Apply' && subresource === undefined,
  );
  return {
    replicas: spec.replicas ?? 1,
    ownsReplicas: applied?.fieldsV1?.['f:spec']?.['f:replicas'] !== undefined,
    pristine: metadata.generation === 1,
    observed: (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0),
    total: status?.replicas ?? 0,
    updated: status?.updatedReplicas ?? 0,
    progress: status?.conditions?.find(({ type }) => type === 'Progressing')?.reason ?? '',
  };
}
