/**
 * Reachable: the backend answers requests. Without a pod that is ready there is nobody to ask.
 */
import { fails } from '#operator/workload/verdict.ts';
import { available } from './available.ts';
import type { Judgement, Situation } from './situation.ts';

export function reachable(situation: Situation): Judgement<'Reachable'> {
  if (available(situation).status !== 'True') return fails('NoEndpoints', 'There is no ready pod to ask.');
  return situation.finding.reachable;
}
