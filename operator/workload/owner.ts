/**
 * A custom resource as the owner of children: the metadata it gives them, how it knows them again, and what is said of
 * an object that has the name of a child and is somebody else's. Nothing is ever taken over.
 */
import {
  type CachedMeta,
  controllerOf,
  controllerReference,
  type KubeObject,
  type ObjectMeta,
  type OwnerReference,
  type Resource,
} from '#operator/kit/object.ts';
import type { CachedChild } from '#operator/kit/projection.ts';
import { persistentVolumeClaims } from '#operator/kit/resources.ts';
import { type Workload, workloadLabels } from './labels.ts';
import type { Problem } from './problem.ts';
import { isOurClaim } from './retained.ts';

export interface Owner {
  readonly resource: Resource;
  readonly metadata: CachedMeta;
  readonly workload: Workload;
}

/** What the name of a child adds to that of its owner. */
export type Suffix = '' | `-${string}`;

/** Metadata of a child that goes when the owner goes. */
export function childMetadata(owner: Owner, suffix: Suffix = ''): ObjectMeta {
  return { ...ownerlessMetadata(owner, suffix), ownerReferences: [controllerReference(owner.resource, owner)] };
}

/** Metadata of a child that stays when the owner goes. */
export const ownerlessMetadata = ({ metadata, workload }: Owner, suffix: Suffix): ObjectMeta => ({
  namespace: metadata.namespace,
  name: `${metadata.name}${suffix}`,
  labels: workloadLabels(workload),
});

/** Whether an object that has the name of a child may be treated as that child. */
export function isOurs({ metadata, workload }: Owner, resource: Resource, child: CachedChild): boolean {
  return resource.kind === persistentVolumeClaims.kind
    ? isOurClaim(child, metadata.uid, workloadLabels(workload))
    : controllerOf(child)?.uid === metadata.uid;
}

/** Whether the object is what a deleted owner of the same name has left to the garbage collector. */
export const isLeftover = ({ resource, metadata }: Owner, reference: OwnerReference | undefined): boolean =>
  reference?.kind === resource.kind && reference.name === metadata.name && reference.uid !== metadata.uid;

/** `reference` is the controller of the object that has the name. */
export function nameConflict(
  owner: Owner,
  resource: Resource,
  { metadata }: Pick<KubeObject, 'metadata'>,
  reference: OwnerReference | undefined,
): Problem {
  const { kind } = owner.resource;
  const object = `${resource.kind} ${metadata.namespace ?? ''}/${metadata.name}`;
  const whose = reference === undefined ? `is not of this ${kind}` : `belongs to ${reference.kind} ${reference.name}`;
  const message = `metadata.name: ${object} exists and ${whose}; rename the ${kind} or remove that object.`;
  return { reason: 'NameConflict', message, blocking: true };
}
