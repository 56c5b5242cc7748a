/**
 * What the outcomes of probes say about a backend and its models. Pure: outcomes in,
 * plain data out, in the words of the ModelBackend's conditions.
 */
import type { MODEL_BACKEND_REASONS, ModelState } from '#crds/modelbackend-status.ts';
import type { BackendError } from './backend.ts';

type Reasons = typeof MODEL_BACKEND_REASONS;

export interface Reachability {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Reasons['Reachable'][number];
  /** A sentence for people. */
  readonly message: string;
}

export interface ModelVerdict {
  readonly name: string;
  readonly upstreamName: string;
  readonly state: ModelState;
  readonly reason: Reasons['ModelsLoaded'][number];
  readonly message: string;
}

/** What is remembered of one kind of probe of one backend or model. */
export interface History {
  /** Failures in a row. */
  readonly failures: number;
  readonly lastFailure: BackendError | undefined;
  /** Whether it ever succeeded, and has not failed too often since. */
  readonly good: boolean;
}

export const NEVER: History = { failures: 0, lastFailure: undefined, good: false };
export const SUCCEEDED: History = { failures: 0, lastFailure: undefined, good: true };

/** Failures that a moment may cure; the others count at once. */
const PASSING: ReadonlySet<string> = new Set(['ConnectionRefused', 'Timeout', 'Unavailable', 'RateLimited', 'Aborted']);

/** After one more failure; `threshold` passing ones in a row make it bad. A limit of requests says nothing bad at all. */
export function failed(before: History, error: BackendError, threshold: number): History {
  const failures = before.failures + 1;
  const bearable = error.reason === 'RateLimited' || (PASSING.has(error.reason) && failures < threshold);
  return { failures, lastFailure: error, good: before.good && bearable };
}

/** Longest wait that a backend may ask for, in milliseconds. */
const LONGEST_WAIT = 300_000;

/** Milliseconds until the next try: soon after a failure, so that neither a blip nor an outage is believed for long. */
export function pauseOf(history: History, intervalMs: number): number {
  if (history.failures === 0) return intervalMs;
  const asked = Math.min(history.lastFailure?.retryAfterMs ?? 0, LONGEST_WAIT);
  return Math.max(asked, Math.min(intervalMs, 500 * 2 ** Math.min(history.failures - 1, 20)));
}

/** An answer of any kind to the list of models shows that something is there; not every engine has such a list. */
export function answersWithoutList(error: BackendError): boolean {
  return error.reason === 'ModelNotFound' || error.reason === 'RateLimited' || error.reason === 'BadRequest';
}

export function reachability(listing: History, refusedBy: BackendError | undefined): Reachability {
  if (refusedBy !== undefined) return { status: 'False', reason: 'Unauthorized', message: refusedBy.message };
  if (listing.good) return { status: 'True', reason: 'Reachable', message: 'the backend answers' };
  const failure = listing.lastFailure;
  if (failure === undefined) return { status: 'Unknown', reason: 'Pending', message: 'the backend was not asked yet' };
  return { status: 'False', reason: reachableReason(failure), message: failure.message };
}

function reachableReason({ reason, status }: BackendError): Reachability['reason'] {
  switch (reason) {
    case 'ConnectionRefused':
    case 'TLSFailed':
    case 'Timeout':
    case 'Unauthorized':
      return reason;
    case 'Unavailable':
      // An answer that says no differs from a connection that breaks.
      return status === undefined ? 'ConnectionRefused' : 'BadResponse';
    case 'Aborted':
      return 'Pending';
    case 'RateLimited':
    case 'ModelNotFound':
    case 'ContextLengthExceeded':
    case 'BadRequest':
    case 'BadResponse':
    case 'Unsupported':
      return 'BadResponse';
    default:
      return reason satisfies never;
  }
}

export interface ModelFacts {
  readonly name: string;
  readonly upstreamName: string;
  readonly reachable: boolean;
  /** Whether it ever answered. */
  readonly proven: boolean;
  /** Whether the engine lists it; undefined while nothing was listed, or the engine has no list. */
  readonly listed: boolean | undefined;
  /** Names to show when it is not listed. */
  readonly others: readonly string[];
  readonly inference: History;
  readonly inferenceEnabled: boolean;
}

export function modelVerdict(facts: ModelFacts): ModelVerdict {
  const { name, upstreamName, reachable, listed, inference } = facts;
  const say = (state: ModelState, reason: ModelVerdict['reason'], message: string): ModelVerdict => ({
    name,
    upstreamName,
    state,
    reason,
    message,
  });
  if (!reachable) return say(facts.proven ? 'Unknown' : 'Pending', 'Pending', 'the backend does not answer');
  if (!facts.inferenceEnabled) {
    if (listed === false) return say('Failed', 'NotListed', notListed(facts));
    return say('Loaded', 'Unverified', 'listed; health.inference is off, so the model itself was not asked');
  }
  if (inference.good) return say('Loaded', 'Loaded', 'the model answered');
  const failure = inference.lastFailure;
  if (failure === undefined) return say('Pending', 'Pending', 'the model was not asked yet');
  if (failure.reason === 'ModelNotFound') return say('Failed', 'NotListed', notListed(facts));
  if (failure.reason === 'RateLimited') return say('Unknown', 'Unverified', failure.message);
  if (PASSING.has(failure.reason)) {
    return listed === false ? say('Failed', 'NotListed', notListed(facts)) : say('Loading', 'Loading', failure.message);
  }
  return say('Failed', 'LoadFailed', failure.message);
}

function notListed({ upstreamName, others }: ModelFacts): string {
  // Only what looks like the name of a model is shown of what the backend says.
  const shown = others.filter((name) => /^[A-Za-z0-9][-._:/A-Za-z0-9]{0,99}$/.test(name)).slice(0, 5);
  const listing =
    shown.length === 0 ? '' : `; it lists ${shown.join(', ')}${others.length > shown.length ? ', …' : ''}`;
  return `the backend does not know the model ${upstreamName}${listing}. Set spec.models[].upstreamName`;
}
