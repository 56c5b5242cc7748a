/**
 * What is known of a backend: the prober's result, and for as long as this process has not asked, what its status says
 * of the same spec. So neither a restart of the operator nor a new revision of the pods looks like a failure. Pure.
 */
import type { MODEL_BACKEND_REASONS, ModelBackendStatus, ModelState } from '#crds/modelbackend-status.ts';
import type { ProbeResult } from '#models/probe.ts';
import type { ModelVerdict } from '#models/verdict.ts';
import { findCondition } from '#operator/kit/conditions.ts';
import type { CachedModelBackend } from '#operator/workload/customresources.ts';
import { printable } from '#operator/workload/printable.ts';
import { fails, holds, type Verdict } from '#operator/workload/verdict.ts';

type Reasons = typeof MODEL_BACKEND_REASONS;

export interface KnownModel {
  readonly name: string;
  readonly state: ModelState;
  /** Why the state is not Loaded; a sentence. */
  readonly message: string;
}

export interface Finding {
  readonly reachable: Verdict<Reasons['Reachable'][number]>;
  readonly modelsLoaded: Verdict<Reasons['ModelsLoaded'][number]>;
  readonly models: readonly KnownModel[];
}

/** `probe` is undefined while nobody is asked; `previous` is the status that stands. */
export function findingOf(
  { metadata, spec }: Pick<CachedModelBackend, 'metadata' | 'spec'>,
  probe: ProbeResult | undefined,
  previous: ModelBackendStatus | undefined,
): Finding {
  const told = previous?.observedGeneration === metadata.generation ? lastTold(previous) : undefined;
  const models = spec.models.map(({ name }) => probe?.models.find((model) => model.name === name));
  const asked = probe !== undefined && probe.reachable.reason !== 'Pending';
  // A model may be behind its backend: what answers now has yet to be asked for it.
  const answers = probe?.reachable.status === 'True';
  const unasked = models.some((model) => model === undefined || (answers && model.state === 'Pending'));
  if (probe !== undefined && told !== undefined && (!asked || unasked)) return told;
  if (!asked) return unknown(spec.models.map(({ name }) => name));
  const { status, reason, message } = probe.reachable;
  return {
    reachable: { status, reason, message: sentence(message) },
    modelsLoaded: modelsLoaded(models.filter((model) => model !== undefined)),
    models: spec.models.map(({ name }, i) => known(name, models[i])),
  };
}

const NOT_ASKED = 'The backend was not asked yet.';

const unknown = (names: readonly string[]): Finding => ({
  reachable: { status: 'Unknown', reason: 'Pending', message: NOT_ASKED },
  modelsLoaded: fails('Pending', NOT_ASKED),
  models: names.map((name) => ({ name, state: 'Pending', message: NOT_ASKED })),
});

const known = (name: string, model: ModelVerdict | undefined): KnownModel =>
  model === undefined
    ? { name, state: 'Pending', message: NOT_ASKED }
    : { name, state: model.state, message: sentence(model.message) };

function modelsLoaded(models: readonly ModelVerdict[]): Finding['modelsLoaded'] {
  const missing = models.filter(({ state }) => state !== 'Loaded');
  // A failure tells more than what is still under way.
  const first = missing.find(({ state }) => state === 'Failed') ?? missing[0];
  if (first !== undefined) {
    const told = missing.map(({ name, message }) => `${name}: ${sentence(message)}`);
    return fails(first.reason, printable(told.join(' ')));
  }
  const unverified = models.some(({ reason }) => reason === 'Unverified');
  return unverified ? holds('Unverified', 'Every model is listed.') : holds('Loaded', 'Every model answered.');
}

/** What the status says of an answer; undefined where it says that there was none to get. */
function lastTold(status: ModelBackendStatus): Finding | undefined {
  const reachable = findCondition(status.conditions, 'Reachable');
  const modelsLoaded = findCondition(status.conditions, 'ModelsLoaded');
  if (reachable === undefined || modelsLoaded === undefined) return undefined;
  if (['Pending', 'NoEndpoints'].includes(reachable.reason)) return undefined;
  return {
    reachable: verdictOf(reachable) as Finding['reachable'],
    modelsLoaded: verdictOf(modelsLoaded) as Finding['modelsLoaded'],
    models: (status.models ?? []).map(({ name, state, reason = '' }) => ({ name, state, message: reason })),
  };
}

/** A reason in a status is one that this operator wrote. */
const verdictOf = ({ status, reason, message }: Verdict): Verdict => ({ status, reason, message });

/** What the prober says are clauses, in part in words of the backend. */
function sentence(text: string): string {
  // The first word may be an address or a name.
  const line = printable(text).replace(/^[a-z]+(?= )/, (word) => word.charAt(0).toUpperCase() + word.slice(1));
  return /[.!?…]$/.test(line) ? line : `${line}.`;
}
