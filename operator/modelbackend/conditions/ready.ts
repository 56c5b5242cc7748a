/**
 * Ready: requests are served. Repeats the reason of the first condition that holds it back. A model that is missing
 * beside others that answer does not: the backend is Degraded then.
 */
import { holds, type Verdict } from '#operator/workload/verdict.ts';
import { enumerated } from './modelsloaded.ts';

/** In the order in which they hold each other up. */
export interface Prerequisites {
  readonly accepted: Verdict;
  readonly available: Verdict;
  readonly reachable: Verdict;
  readonly modelsLoaded: Verdict;
}

export function ready(prerequisites: Prerequisites, loaded: readonly string[]): Verdict {
  const { accepted, available, reachable, modelsLoaded } = prerequisites;
  const obstacle = [accepted, available, reachable].find(({ status }) => status !== 'True');
  if (obstacle !== undefined) return { ...obstacle, status: 'False' };
  if (loaded.length === 0) return { ...modelsLoaded, status: 'False' };
  return holds('Serving', `Answers for ${enumerated(loaded)}.`);
}
