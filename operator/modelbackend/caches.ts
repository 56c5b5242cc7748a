/**
 * The caches that the ModelBackend controller reads, and the kinds of its children. Declares none of its own: all are
 * shared with the other controller.
 */
import type { Informer } from '#operator/kit/informer.ts';
import type { CachedChild } from '#operator/kit/projection.ts';
import type { WorkloadInformers } from '#operator/workload/informers.ts';
import { CACHE_SUFFIX } from './names.ts';

export type Caches = WorkloadInformers;

/** Every kind of child, the cache it is found in, and what its name adds to that of the backend. */
export const CHILD_KINDS = [
  { cache: 'persistentVolumeClaims', suffix: CACHE_SUFFIX },
  { cache: 'services', suffix: '' },
  { cache: 'deployments', suffix: '' },
  { cache: 'horizontalPodAutoscalers', suffix: '' },
  { cache: 'podDisruptionBudgets', suffix: '' },
] as const satisfies readonly { readonly cache: keyof Caches; readonly suffix: '' | `-${string}` }[];

/** Readers of a child need no more than what all children have. */
export const childInformer = (caches: Caches, cache: keyof Caches): Informer<CachedChild> =>
  caches[cache] as unknown as Informer<CachedChild>;
