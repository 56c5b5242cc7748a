/**
 * Degraded: the server serves, but less than its spec asks for. While nothing serves there is nothing to say here.
 */
import { shortage } from '#operator/workload/availability.ts';
import { servingPods } from '#operator/workload/pods.ts';
import { fails, holds } from '#operator/workload/verdict.ts';
import { wantedPods } from '../replicas.ts';
import { backendsReady } from './backendsready.ts';
import type { Judgement, Situation } from './situation.ts';

export function degraded(situation: Situation): Judgement<'Degraded'> {
  const { deployment, pods } = situation.observed;
  const serves = servingPods(pods).length > 0;
  if (serves && situation.problems.some(({ blocking }) => blocking)) {
    return holds('PreviousRevisionServing', 'The spec is not accepted; the pods still run the last one that was.');
  }
  const missing = shortage({ deployment, pods, wanted: wantedPods(situation.server.spec, deployment) });
  if (missing !== undefined) return missing;
  const backends = backendsReady(situation);
  if (serves && backends.status !== 'True') return holds('BackendsUnavailable', backends.message);
  return fails('AsExpected', 'Nothing that serves is missing.');
}
