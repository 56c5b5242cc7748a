/**
 * What is said of a ModelBackend: one judgement per condition, from what was observed.
 * Pure; the words are those of the schema.
 */
import type { MODEL_BACKEND_REASONS, ModelBackendConditionType } from '#crds/modelbackend-status.ts';
import { availability, progress, shortage } from '#operator/workload/availability.ts';
import { fails, holds, type Verdict } from '#operator/workload/verdict.ts';
import type { ProbeResult } from '../../models/probe.ts';
import type { Observed } from './observe.ts';

type Reason<T extends ModelBackendConditionType> = (typeof MODEL_BACKEND_REASONS)[T][number];
type Judgement<T extends ModelBackendConditionType> = Verdict<Reason<T>>;

export type Judgements = { readonly [T in Exclude<ModelBackendConditionType, 'Ready'>]: Judgement<T> };

/** Every condition but the summary. */
export function judge(observed: Observed): Judgements {
  const available = availableVerdict(observed);
  const reachable = reachableVerdict(observed, available);
  return {
    Accepted: accepted(observed),
    Available: available,
    Reachable: reachable,
    ModelsLoaded: modelsLoaded(observed.probe, reachable),
    Progressing: progressing(observed),
    Degraded: degraded(observed),
  };
}

/** Ready when it answered; a model that is missing beside others that answer makes it Degraded only. */
export function readyVerdict(
  judgements: Judgements,
  probe: ProbeResult | undefined,
): Verdict<ModelBackendReasonOfReady> {
  for (const type of ['Accepted', 'Available', 'Reachable'] as const) {
    const { status, reason, message } = judgements[type];
    if (status !== 'True') return { status: 'False', reason, message };
  }
  const loaded = loadedModels(probe);
  if (loaded.length === 0) {
    const { reason, message } = judgements.ModelsLoaded;
    return fails(reason, message);
  }
  return holds('Serving', `Answers for ${loaded.join(', ')}.`);
}

type ModelBackendReasonOfReady = Reason<ModelBackendConditionType>;

export const loadedModels = (probe: ProbeResult | undefined): readonly string[] =>
  (probe?.models ?? []).filter(({ state }) => state === 'Loaded').map(({ name }) => name);

function accepted({ problems }: Observed): Judgement<'Accepted'> {
  const [problem] = problems;
  if (problem === undefined) return holds('Accepted', 'The spec can be acted on.');
  return fails(problem.reason, problems.map(({ message }) => message).join(' '));
}

function availableVerdict({ workload }: Observed): Judgement<'Available'> {
  if (workload === undefined) return holds('NotNeeded', 'No pods are run for this type.');
  if (workload.wanted === 0 && workload.pods.length === 0) {
    return fails('ScaledToZero', 'No pods are asked for; set spec.managed.replicas to 1 or more.');
  }
  return availability(workload);
}

function reachableVerdict({ probe }: Observed, available: Judgement<'Available'>): Judgement<'Reachable'> {
  if (available.status !== 'True') return fails('NoEndpoints', 'There is no ready pod to ask.');
  if (probe === undefined) return { status: 'Unknown', reason: 'Pending', message: 'The backend was not asked yet.' };
  const { status, reason, message } = probe.reachable;
  return { status, reason, message: sentence(message) };
}

function modelsLoaded(probe: ProbeResult | undefined, reachable: Judgement<'Reachable'>): Judgement<'ModelsLoaded'> {
  if (probe === undefined || reachable.status !== 'True') return fails('Pending', 'The backend does not answer yet.');
  const missing = probe.models.filter(({ state }) => state !== 'Loaded');
  const [first] = missing;
  if (first !== undefined) {
    return fails(first.reason, missing.map(({ name, message }) => sentence(`${name}: ${message}`)).join(' '));
  }
  const unverified = probe.models.some(({ reason }) => reason === 'Unverified');
  return holds(unverified ? 'Unverified' : 'Loaded', `Every model ${unverified ? 'is listed' : 'answered'}.`);
}

function progressing({ workload }: Observed): Judgement<'Progressing'> {
  if (workload === undefined) return fails('NotNeeded', 'No pods are run for this type.');
  return progress(workload);
}

function degraded({ workload, probe }: Observed): Judgement<'Degraded'> {
  const loaded = loadedModels(probe);
  const missing = (probe?.models ?? []).filter(({ state }) => state !== 'Loaded').map(({ name }) => name);
  if (loaded.length > 0 && missing.length > 0) {
    return holds('ModelsMissing', `Answers, but not for ${missing.join(', ')}; see status.models.`);
  }
  return (workload && shortage(workload)) ?? fails('AsExpected', 'Nothing is missing.');
}

/** Findings of the prober are clauses; conditions are sentences. */
function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
