/**
 * Names and places of the children of a ModelBackend. Deterministic, so that a reconcile finds what an
 * earlier one made.
 */
import { type CachedModelBackend, modelBackends } from '#operator/workload/customresources.ts';
import type { Workload } from '#operator/workload/labels.ts';
import type { Owner } from '#operator/workload/owner.ts';

export const CONTAINER = 'engine';

/** Suffix of the volume claim; the other children are named as the backend itself. */
export const CACHE_SUFFIX = '-cache';

export const workloadOf = ({ metadata }: CachedModelBackend): Workload => ({
  application: 'model-backend',
  instance: metadata.name,
});

export const ownerOf = (backend: CachedModelBackend): Owner => ({
  resource: modelBackends,
  metadata: backend.metadata,
  workload: workloadOf(backend),
});

/** Host name of a Service within the cluster. */
export const serviceHost = ({ name, namespace }: { readonly name: string; readonly namespace: string }): string =>
  `${name}.${namespace}.svc`;
