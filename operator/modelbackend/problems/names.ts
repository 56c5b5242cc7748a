/**
 * Children whose names are taken by objects of somebody else. Nothing is ever taken over.
 */
import { controllerOf, type KubeObject, type OwnerReference, type Resource } from '#operator/kit/object.ts';
import type { CachedChild } from '#operator/kit/projection.ts';
import { persistentVolumeClaims } from '#operator/kit/resources.ts';
import type { CachedModelBackend } from '#operator/workload/customresources.ts';
import { workloadLabels } from '#operator/workload/labels.ts';
import { isOurClaim } from '#operator/workload/retained.ts';
import { workloadOf } from '../names.ts';
import type { Problem } from './problem.ts';

/** Whether an object that has the name of a child may be treated as that child. */
export function isOurs(backend: CachedModelBackend, resource: Resource, child: CachedChild): boolean {
  const { uid } = backend.metadata;
  return resource.kind === persistentVolumeClaims.kind
    ? isOurClaim(child, uid, workloadLabels(workloadOf(backend)))
    : controllerOf(child)?.uid === uid;
}

export function nameConflict(
  resource: Resource,
  { metadata }: Pick<KubeObject, 'metadata'>,
  owner: OwnerReference | undefined,
): Problem {
  const object = `${resource.kind} ${metadata.namespace ?? ''}/${metadata.name}`;
  const whose = owner === undefined ? 'was not made by this operator' : `belongs to ${owner.kind} ${owner.name}`;
  const message = `metadata.name: ${object} exists and ${whose}; rename the ModelBackend or remove that object.`;
  return { reason: 'NameConflict', message };
}
