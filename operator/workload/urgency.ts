/**
 * How urgent a changed status is: what turns the workload ready or unready, degraded or whole, is said at once; so is a
 * new mistake. Everything else may wait for more to come.
 */
import { findCondition } from '#operator/kit/conditions.ts';
import type { Urgency } from './statuswriter.ts';
import type { Conditioned } from './transitions.ts';

type Status = Conditioned & { readonly observedGeneration?: number | undefined };

/** What of a kind's own counts beside its conditions. */
export interface Weights<S> {
  /** What is urgent when it changes while the workload is ready. */
  readonly urgent?: (ready: S) => unknown;
  /** What is a verdict and no mere count. */
  readonly verdict?: (status: S) => unknown;
}

/** Of two statuses that differ. */
export function urgency<S extends Status>(previous: S | undefined, next: S, weights: Weights<S> = {}): Urgency {
  if (usable(previous, weights) !== usable(next, weights)) return 'now';
  const refused = findCondition(next.conditions, 'Accepted');
  const known = findCondition(previous?.conditions, 'Accepted');
  if (refused?.status === 'False' && refused.message !== known?.message) return 'now';
  return verdictsOf(previous, weights) === verdictsOf(next, weights) ? 'count' : 'verdict';
}

/** What clients need to know before their next request; not yet true counts as not true. */
function usable<S extends Status>(status: S | undefined, { urgent }: Weights<S>): string {
  const holds = (type: string) => findCondition(status?.conditions, type)?.status === 'True';
  return JSON.stringify([
    holds('Ready'),
    holds('Degraded'),
    status !== undefined && holds('Ready') ? urgent?.(status) : undefined,
  ]);
}

const verdictsOf = <S extends Status>(status: S | undefined, { verdict }: Weights<S>): string =>
  JSON.stringify([
    status?.observedGeneration,
    status?.conditions?.map(({ type, status, reason }) => [type, status, reason]),
    status === undefined ? undefined : verdict?.(status),
  ]);
