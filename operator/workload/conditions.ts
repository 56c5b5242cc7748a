/**
 * From judgements to the conditions of a status. Each transition time follows from what stood there before.
 */
import { setCondition } from '#operator/kit/conditions.ts';
import type { Condition } from '#operator/kit/object.ts';
import type { Verdict } from './verdict.ts';

/** As the schema of both kinds limits it. */
const MAX_MESSAGE = 4096;

/** `now` is RFC 3339. */
export function conditionsOf(
  verdicts: Readonly<Record<string, Verdict>>,
  observedGeneration: number,
  previous: readonly Condition[] | undefined,
  now: string,
): (Condition & { observedGeneration: number })[] {
  return Object.entries(verdicts).flatMap(([type, { status, reason, message }]) => {
    const before = (previous ?? []).filter((condition) => condition.type === type);
    const next = { type, status, reason, message: message.slice(0, MAX_MESSAGE), observedGeneration };
    return setCondition(before, next, now).map((condition) => ({ ...condition, observedGeneration }));
  });
}
