/**
 * Degraded: the backend serves, but less than its spec asks for. While nothing serves there is nothing to say here.
 */
import { shortage } from '#operator/workload/availability.ts';
import { servingPods } from '#operator/workload/pods.ts';
import { fails, holds } from '#operator/workload/verdict.ts';
import { wantedPods } from '../replicas.ts';
import { enumerated, loadedModels } from './modelsloaded.ts';
import type { Judgement, Situation } from './situation.ts';

export function degraded(situation: Situation): Judgement<'Degraded'> {
  const { backend, observed, problems, finding } = situation;
  const { deployment, pods } = observed;
  const { managed } = backend.spec;
  if (problems.length > 0 && servingPods(pods).length > 0) {
    return holds('PreviousRevisionServing', 'The spec is not accepted; the pods still run the last one that was.');
  }
  // Not asked yet is not missing.
  const missing = finding.models.filter(({ state }) => state !== 'Loaded' && state !== 'Pending');
  if (missing.length > 0 && loadedModels(situation).length > 0) {
    const names = enumerated(missing.map(({ name }) => name));
    return holds('ModelsMissing', `Answers, but not for ${names}; see status.models.`);
  }
  const wanted = managed === undefined ? 0 : wantedPods(managed, deployment);
  return shortage({ deployment, pods, wanted }) ?? fails('AsExpected', 'Nothing that serves is missing.');
}
