/**
 * Verified: the server answered as MCP through its Service. Without a finding of this process – it has just started –
 * what was verified before still holds, as long as pods have been serving all the time.
 */
import { findCondition } from '#operator/kit/conditions.ts';
import { servingPods } from '#operator/workload/pods.ts';
import { fails, holds } from '#operator/workload/verdict.ts';
import type { Judgement, Situation } from './situation.ts';

export function verified({ observed, previous }: Pick<Situation, 'observed' | 'previous'>): Judgement<'Verified'> {
  const { finding, pods } = observed;
  if (servingPods(pods).length === 0) return fails('Pending', 'Nothing to ask: no pod is ready.');
  if (finding?.outcome === 'Answered') return answered(finding.tools.length);
  if (finding?.outcome === 'Guarded') return holds('Answered', GUARDED);
  if (finding !== undefined) return fails(finding.outcome, finding.message);
  const before = findCondition(previous?.conditions, 'Verified');
  if (before?.status === 'True') return holds('Answered', before.message);
  return fails('Pending', 'The server has not answered yet.');
}

const GUARDED = 'The server asks for a token through its Service; without one nobody sees its tools.';
const answered = (tools: number): Judgement<'Verified'> =>
  holds('Answered', `The server answered through its Service and lists ${tools} tools.`);
