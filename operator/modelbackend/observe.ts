/**
 * Everything that a reconcile needs to know of the world, read from the caches in one go. No request is made here, and
 * nothing is decided.
 */
import { type FoundChild, findChildren } from '#operator/workload/children.ts';
import type { CachedModelBackend } from '#operator/workload/customresources.ts';
import type { CachedDeployment } from '#operator/workload/deployment.ts';
import { type CachedPod, WORKLOAD_INDEX, workloadKey } from '#operator/workload/pods.ts';
import { resolve } from '#operator/workload/references.ts';
import { type Caches, childKinds } from './caches.ts';
import { workloadOf } from './names.ts';
import { type ResolvedReference, references } from './references.ts';

export interface Observed {
  /** None where the operator runs no pods. */
  readonly children: readonly FoundChild[];
  readonly deployment: CachedDeployment | undefined;
  readonly pods: readonly CachedPod[];
  readonly references: readonly ResolvedReference[];
}

export function observe(backend: CachedModelBackend, caches: Caches): Observed {
  const { namespace, name } = backend.metadata;
  const resolved = references(backend.spec).map((reference) => {
    const { store } = reference.kind === 'Secret' ? caches.secrets : caches.persistentVolumeClaims;
    return resolve(reference, store.get({ namespace, name: reference.name }));
  });
  if (backend.spec.managed === undefined) {
    return { children: [], deployment: undefined, pods: [], references: resolved };
  }
  return {
    children: findChildren(childKinds(caches), { namespace, name }),
    deployment: caches.deployments.store.get({ namespace, name }),
    pods: caches.pods.store.byIndex(WORKLOAD_INDEX, workloadKey(namespace, workloadOf(backend))),
    references: resolved,
  };
}
