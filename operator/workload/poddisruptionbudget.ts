/**
 * The PodDisruptionBudget of a workload: how many pods an eviction may take at once. Only for workloads that can have
 * more than one pod; for a single one a budget would only block drains.
 */
import { apiVersionOf, type ObjectMeta } from '#operator/kit/object.ts';
import { podDisruptionBudgets } from '#operator/kit/resources.ts';
import type { PodDisruptionBudget } from '#operator/kit/wire.ts';
import { selectorLabels, type Workload } from './labels.ts';

export function podDisruptionBudget(
  metadata: ObjectMeta,
  workload: Workload,
  { maxUnavailable }: { readonly maxUnavailable: number },
): PodDisruptionBudget {
  return {
    apiVersion: apiVersionOf(podDisruptionBudgets),
    kind: podDisruptionBudgets.kind,
    metadata,
    spec: {
      maxUnavailable,
      selector: { matchLabels: selectorLabels(workload) },
      // Pods that serve nobody must not keep a node from being drained.
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  };
}
