/**
 * The end of a reconcile: writes what is wanted, says what is, and tells when to come back. What is known of the world
 * is said even if not everything could be written.
 */
import { done, type Result } from '#operator/kit/controller.ts';
import { isNotFound } from '#operator/kit/errors.ts';
import type { Applied } from './apply.ts';
import type { Problem } from './problem.ts';

/** What the API server refused may be accepted later, for a reason that no watch shows. */
const REFUSED_RETRY_MS = 30_000;

/**
 * `problems` are those of the spec, and `apply` gives those that only the API server could find; `say` writes a status
 * that tells of both, and gives the milliseconds until it has more to write.
 */
export async function applyAndSay(
  problems: readonly Problem[],
  apply: () => Promise<Applied>,
  say: (problems: readonly Problem[]) => Promise<number | undefined>,
): Promise<Result> {
  let applied: Applied;
  try {
    applied = await apply();
  } catch (error) {
    await say(problems).catch(goneMeanwhile);
    throw error;
  }
  const { problems: refused, unfinished } = applied;
  // What is half made would be told twice.
  if (unfinished) return { again: true };
  const waitMs = await say([...problems, ...refused]).catch(goneMeanwhile);
  const requeueAfterMs = refused.length > 0 ? Math.min(waitMs ?? REFUSED_RETRY_MS, REFUSED_RETRY_MS) : waitMs;
  return requeueAfterMs === undefined ? done : { requeueAfterMs };
}

function goneMeanwhile(error: unknown): undefined {
  if (isNotFound(error)) return undefined;
  throw error;
}
