/**
 * Accepted: the spec can be acted on. The gravest problem gives the reason, the message tells all of them.
 */
import { fails, holds } from '#operator/workload/verdict.ts';
import type { Judgement, Situation } from './situation.ts';

/** What keeps everything else from mattering comes first. */
const GRAVITY = ['NameConflict', 'UnsupportedCombination', 'SecretNotFound', 'InvalidReference'] as const;
const MAX_PROBLEMS = 5;

export function accepted({ problems }: Pick<Situation, 'problems'>): Judgement<'Accepted'> {
  const sorted = problems.toSorted((a, b) => GRAVITY.indexOf(a.reason) - GRAVITY.indexOf(b.reason));
  const [gravest] = sorted;
  if (gravest === undefined) return holds('Accepted', 'The spec can be acted on.');
  const told = sorted.slice(0, MAX_PROBLEMS).map(({ message }) => message);
  const more = sorted.length - told.length;
  return fails(gravest.reason, [...told, ...(more > 0 ? [`And ${more} more.`] : [])].join(' '));
}
