/**
 * From an object on the wire to what the cache keeps of it. Children are kept as metadata, the hash of the fields we
 * own and the few fields a controller reads (0.4 KB instead of 4–7 KB each); custom resources keep spec and status.
 */
import { fieldManager } from './client.ts';
import type { Cached, CachedMeta, KubeObject } from './object.ts';
import { ownedHash } from './owned.ts';

const none: Readonly<Record<string, never>> = Object.freeze({});
const noOwners: readonly never[] = Object.freeze([]);

/** The metadata worth keeping; managedFields and finalizers stay behind. */
export function cachedMeta(object: KubeObject): CachedMeta {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp } = object.metadata;
  if (uid === undefined || resourceVersion === undefined) {
    throw new Error(`${object.kind} ${name} came without uid or resourceVersion`);
  }
  // kubectl keeps a copy of the whole object in this one.
  const { 'kubectl.kubernetes.io/last-applied-configuration': _, ...annotations } = object.metadata.annotations ?? none;
  return {
    name,
    namespace: namespace ?? '',
    uid,
    resourceVersion,
    generation: generation ?? 0,
    creationTimestamp: creationTimestamp ?? '',
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    labels: object.metadata.labels ?? none,
    annotations,
    ownerReferences: object.metadata.ownerReferences ?? noOwners,
  };
}

/** A child in the cache: ownedHash tells whether it still is as we applied it (apply.ts). */
export interface CachedChild extends Cached {
  readonly ownedHash: string;
}

/** The projection of a child kind; `pick` names what else is read of it, e.g. a Deployment's status. */
export function childProjection<W extends KubeObject, E extends object = object>(
  pick?: (object: W) => E,
  manager: string = fieldManager,
): (object: W) => CachedChild & E {
  return (object) => ({
    ...(pick?.(object) as E),
    metadata: cachedMeta(object),
    ownedHash: ownedHash(object, manager),
  });
}

/** The projection of a custom resource: everything but the bookkeeping in its metadata. */
export function customProjection<W extends KubeObject>(object: W): W & Cached {
  return { ...object, metadata: cachedMeta(object) };
}
