/**
 * Names, places and the metadata of the children of a ModelBackend. Deterministic, so that a reconcile finds what an
 * earlier one made.
 */
import { GROUP } from '#crds/group.ts';
import { controllerReference, type ObjectMeta } from '#operator/kit/object.ts';
import { type CachedModelBackend, modelBackends } from '#operator/workload/customresources.ts';
import { type Workload, workloadLabels } from '#operator/workload/labels.ts';

export const CONTAINER = 'engine';
export const CONFIG_HASH_ANNOTATION = `${GROUP}/config-hash`;

/** Suffix of the volume claim; the other children are named as the backend itself. */
export const CACHE_SUFFIX = '-cache';

export const workloadOf = ({ metadata }: CachedModelBackend): Workload => ({
  application: 'model-backend',
  instance: metadata.name,
});

/** Metadata of a child that goes when the backend goes. */
export function childMetadata(backend: CachedModelBackend, suffix: '' | `-${string}` = ''): ObjectMeta {
  return { ...ownerlessMetadata(backend, suffix), ownerReferences: [controllerReference(modelBackends, backend)] };
}

/** Metadata of a child that stays when the backend goes. */
export const ownerlessMetadata = (backend: CachedModelBackend, suffix: '' | `-${string}`): ObjectMeta => ({
  namespace: backend.metadata.namespace,
  name: `${backend.metadata.name}${suffix}`,
  labels: workloadLabels(workloadOf(backend)),
});

/** Host name of a Service within the cluster. */
export const serviceHost = ({ name, namespace }: { readonly name: string; readonly namespace: string }): string =>
  `${name}.${namespace}.svc`;
