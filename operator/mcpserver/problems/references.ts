/**
 * Secrets and ConfigMaps that are named and not there, or lack the key. Without them pods could not start, so the last
 * state that worked is kept until they come.
 */
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import type { Problem } from '#operator/workload/problem.ts';
import { missingReferences } from '#operator/workload/references.ts';
import type { ResolvedReference } from '../references.ts';

export function referenceProblems(
  { spec, metadata }: CachedMcpServer,
  references: readonly ResolvedReference[],
): readonly Problem[] {
  // No pod starts while suspended, so nothing keeps the server from being stopped.
  return missingReferences(metadata.namespace, references, !spec.suspended);
}
