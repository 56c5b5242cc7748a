/**
 * Kubernetes Events that both kinds have in common: of a spec that is refused or accepted again, and of a workload that
 * serves less than was asked for or recovers. Only transitions speak; a state that lasts is what conditions are for.
 */
import { findCondition } from '#operator/kit/conditions.ts';
import type { EventIntent } from '#operator/kit/events.ts';
import type { Condition } from '#operator/kit/object.ts';

/** What transitions are told from. */
export type Conditioned = { readonly conditions?: readonly Condition[] | undefined };

const ACTION = 'Reconcile';

export const normal = (reason: string, note: string): EventIntent => ({ type: 'Normal', reason, action: ACTION, note });
export const warning = ({ reason, message }: Condition): EventIntent => ({
  type: 'Warning',
  reason,
  action: ACTION,
  note: message,
});

/** The condition as it is, where its status or reason is another than before. */
export function changed(type: string, previous: Conditioned | undefined, next: Conditioned) {
  const before = findCondition(previous?.conditions, type);
  const after = findCondition(next.conditions, type);
  const same = before?.status === after?.status && before?.reason === after?.reason;
  return { before, after: same ? undefined : after };
}

export function acceptance(previous: Conditioned | undefined, next: Conditioned): readonly EventIntent[] {
  const { before, after } = changed('Accepted', previous, next);
  if (after === undefined) return [];
  if (after.status === 'False') return [warning(after)];
  return before === undefined ? [] : [normal('Accepted', 'The problems of the spec are solved.')];
}

/** A refused spec has an event of its own. */
export const isRefused = ({ conditions }: Conditioned): boolean =>
  findCondition(conditions, 'Accepted')?.status === 'False';

/** `serving` is the type of the condition that holds while something serves. */
export function degradation(
  previous: Conditioned | undefined,
  next: Conditioned,
  serving: 'Available' | 'Ready',
): readonly EventIntent[] {
  const { before, after } = changed('Degraded', previous, next);
  if (after === undefined) return [];
  if (after.status === 'True') return [warning(after)];
  const serves = findCondition(next.conditions, serving)?.status === 'True';
  return before?.status === 'True' && serves
    ? [normal('Recovered', 'Everything that the spec asks for serves again.')]
    : [];
}
