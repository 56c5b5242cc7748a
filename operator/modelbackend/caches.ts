/**
 * The caches that the ModelBackend controller reads, and the kinds of its children. Declares none of its own: all are
 * shared with the other controller.
 */
import { type ChildKind, childKind } from '#operator/workload/children.ts';
import type { WorkloadInformers } from '#operator/workload/informers.ts';
import { CACHE_SUFFIX } from './names.ts';

export type Caches = WorkloadInformers;

/** Every kind of child. */
export const childKinds = (caches: Caches): readonly ChildKind[] => [
  childKind(caches.persistentVolumeClaims, CACHE_SUFFIX),
  childKind(caches.services),
  childKind(caches.deployments),
  childKind(caches.horizontalPodAutoscalers),
  childKind(caches.podDisruptionBudgets),
];
