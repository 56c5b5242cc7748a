/**
 * How urgent a changed status of a ModelBackend is: which models answer is what servers route by, so it is said at once.
 */
import type { ModelBackendStatus } from '#crds/modelbackend-status.ts';
import type { Urgency } from '#operator/workload/statuswriter.ts';
import * as workload from '#operator/workload/urgency.ts';

const WEIGHTS: workload.Weights<ModelBackendStatus> = {
  urgent: ({ models = [] }) => models.filter(({ state }) => state === 'Loaded').map(({ name }) => name),
  verdict: ({ models }) => models?.map(({ name, state }) => [name, state]),
};

/** Of two statuses that differ. */
export const urgency = (previous: ModelBackendStatus | undefined, next: ModelBackendStatus): Urgency =>
  workload.urgency(previous, next, WEIGHTS);
