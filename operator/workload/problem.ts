/**
 * What is wrong with a spec that the schema cannot see: a user's mistake or a reference to what is not there. Never an
 * exception; it becomes the condition Accepted, which is worded here for every kind.
 */
import { fails, holds, type Verdict } from './verdict.ts';

/** What keeps everything else from mattering comes first. */
const GRAVITY = ['NameConflict', 'UnsupportedCombination', 'SecretNotFound', 'InvalidReference'] as const;
const MAX_PROBLEMS = 5;

export interface Problem {
  readonly reason: (typeof GRAVITY)[number];
  /** Names the field and the cure. */
  readonly message: string;
  /** Whether pods made from this spec could not run; then what is there stays as it is. */
  readonly blocking: boolean;
}

/** Accepted: the spec can be acted on. The gravest problem gives the reason, the message tells all of them. */
export function acceptance(problems: readonly Problem[]): Verdict<'Accepted' | Problem['reason']> {
  const sorted = problems.toSorted((a, b) => GRAVITY.indexOf(a.reason) - GRAVITY.indexOf(b.reason));
  const [gravest] = sorted;
  if (gravest === undefined) return holds('Accepted', 'The spec can be acted on.');
  const told = sorted.slice(0, MAX_PROBLEMS).map(({ message }) => message);
  const more = sorted.length - told.length;
  return fails(gravest.reason, [...told, ...(more > 0 ? [`And ${more} more.`] : [])].join(' '));
}
