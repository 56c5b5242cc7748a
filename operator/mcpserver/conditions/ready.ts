/**
 * Ready: clients are served. Repeats the reason of the first condition that holds it back. Missing backends alone do
 * not: the server answers without them.
 */
import { holds, type Verdict } from '#operator/workload/verdict.ts';

/** In the order in which they hold each other up. */
export interface Prerequisites {
  readonly accepted: Verdict;
  readonly available: Verdict;
  readonly verified: Verdict;
  readonly exposed: Verdict;
}

export function ready({ accepted, available, verified, exposed }: Prerequisites, url: string): Verdict {
  const obstacle = [accepted, available, verified, exposed].find(({ status }) => status !== 'True');
  return obstacle === undefined ? holds('Ready', `The server answers at ${url}.`) : { ...obstacle, status: 'False' };
}
