/**
 * How urgent a changed status of an McpServer is: what turns it ready or unready, degraded or whole, is said at once;
 * so is a new mistake. Everything else may wait for more to come.
 */
import type { McpServerStatus } from '#crds/mcpserver-status.ts';
import { findCondition } from '#operator/kit/conditions.ts';
import type { Urgency } from '#operator/workload/statuswriter.ts';

/** Of two statuses that differ. */
export function urgency(previous: McpServerStatus | undefined, next: McpServerStatus): Urgency {
  if (turned('Ready', previous, next) || turned('Degraded', previous, next)) return 'now';
  const refused = findCondition(next.conditions, 'Accepted');
  const known = findCondition(previous?.conditions, 'Accepted');
  if (refused?.status === 'False' && refused.message !== known?.message) return 'now';
  return verdictsOf(previous) === verdictsOf(next) ? 'count' : 'verdict';
}

/** Whether the condition says something else than before; not yet true counts as not true. */
function turned(type: string, previous: McpServerStatus | undefined, next: McpServerStatus): boolean {
  const holds = (status: McpServerStatus | undefined) => findCondition(status?.conditions, type)?.status === 'True';
  return holds(previous) !== holds(next);
}

const verdictsOf = (status: McpServerStatus | undefined): string =>
  JSON.stringify([
    status?.observedGeneration,
    status?.conditions?.map(({ type, status, reason }) => [type, status, reason]),
  ]);
