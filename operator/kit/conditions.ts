/**
 * Condition lists after the Kubernetes API conventions: one entry per type, `lastTransitionTime` moves only when the
 * status itself changes. Pure; the time is passed in.
 */
import type { Condition } from './object.ts';

/** A condition as a controller states it; the transition time follows from what stood there before. */
export type ConditionIntent = Omit<Condition, 'lastTransitionTime'>;

/** The list with `next` put in the place of the entry of its type, or at the end. `now` is RFC 3339. */
export function setCondition(existing: readonly Condition[], next: ConditionIntent, now: string): readonly Condition[] {
  const at = existing.findIndex((condition) => condition.type === next.type);
  const before = existing[at];
  const condition: Condition = {
    ...next,
    lastTransitionTime: before !== undefined && before.status === next.status ? before.lastTransitionTime : now,
  };
  return before === undefined ? [...existing, condition] : existing.with(at, condition);
}

export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** The time as Kubernetes writes it in metav1.Time: whole seconds, UTC. */
export function formatTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}
