/**
 * How urgent a changed status of a ModelBackend is: what servers route by is said at once, and so is a new mistake.
 * Everything else may wait for more to come.
 */
import type { ModelBackendStatus } from '#crds/modelbackend-status.ts';
import { findCondition } from '#operator/kit/conditions.ts';
import type { Urgency } from '#operator/workload/statuswriter.ts';

/** Of two statuses that differ. */
export function urgency(previous: ModelBackendStatus | undefined, next: ModelBackendStatus): Urgency {
  if (usable(previous) !== usable(next)) return 'now';
  const refused = findCondition(next.conditions, 'Accepted');
  const known = findCondition(previous?.conditions, 'Accepted');
  if (refused?.status === 'False' && refused.message !== known?.message) return 'now';
  return verdictsOf(previous) === verdictsOf(next) ? 'count' : 'verdict';
}

/** What a server needs to know before it sends the next request; not yet true counts as not true. */
function usable(status: ModelBackendStatus | undefined): string {
  const holds = (type: string) => findCondition(status?.conditions, type)?.status === 'True';
  const loaded = (status?.models ?? []).filter(({ state }) => state === 'Loaded').map(({ name }) => name);
  return JSON.stringify([holds('Ready'), holds('Degraded'), holds('Ready') ? loaded : []]);
}

const verdictsOf = (status: ModelBackendStatus | undefined): string =>
  JSON.stringify([
    status?.observedGeneration,
    status?.conditions?.map(({ type, status, reason }) => [type, status, reason]),
    status?.models?.map(({ name, state }) => [name, state]),
  ]);
