/**
 * Everything that a reconcile needs to know of the world, read from the caches in one go. No request is made here, and
 * nothing is decided.
 */
import type { Resource } from '#operator/kit/object.ts';
import type { CachedChild } from '#operator/kit/projection.ts';
import type { CachedModelBackend } from '#operator/workload/customresources.ts';
import type { CachedDeployment } from '#operator/workload/deployment.ts';
import { type CachedPod, WORKLOAD_INDEX, workloadKey } from '#operator/workload/pods.ts';
import { type Caches, CHILD_KINDS } from './caches.ts';
import { workloadOf } from './names.ts';
import { type Reference, type ResolvedReference, references } from './references.ts';

/** An object with the name of a possible child, whoever owns it. */
export interface FoundChild {
  readonly resource: Resource;
  readonly object: CachedChild;
}

export interface Observed {
  /** None where the operator runs no pods. */
  readonly children: readonly FoundChild[];
  readonly deployment: CachedDeployment | undefined;
  readonly pods: readonly CachedPod[];
  readonly references: readonly ResolvedReference[];
}

export function observe(backend: CachedModelBackend, caches: Caches): Observed {
  const { namespace, name } = backend.metadata;
  const resolved = references(backend.spec).map((reference) => resolve(reference, namespace, caches));
  if (backend.spec.managed === undefined) {
    return { children: [], deployment: undefined, pods: [], references: resolved };
  }
  return {
    children: CHILD_KINDS.flatMap(({ cache, suffix }) => {
      const { resource, store } = caches[cache];
      const object = store.get({ namespace, name: `${name}${suffix}` });
      return object === undefined ? [] : [{ resource, object }];
    }),
    deployment: caches.deployments.store.get({ namespace, name }),
    pods: caches.pods.store.byIndex(WORKLOAD_INDEX, workloadKey(namespace, workloadOf(backend))),
    references: resolved,
  };
}

function resolve(reference: Reference, namespace: string, caches: Caches): ResolvedReference {
  const at = { namespace, name: reference.name };
  const secret = reference.kind === 'Secret' ? caches.secrets.store.get(at) : undefined;
  const object = secret ?? (reference.kind === 'Secret' ? undefined : caches.persistentVolumeClaims.store.get(at));
  if (object === undefined) return { ...reference, state: 'Missing', version: '' };
  const { key } = reference;
  const lacksKey = key !== undefined && secret?.keys !== undefined && !secret.keys.includes(key);
  const version = `${object.metadata.uid}/${object.metadata.resourceVersion}`;
  return { ...reference, state: lacksKey ? 'KeyMissing' : 'Found', version };
}
