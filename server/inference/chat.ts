/**
 * From a question to an answer: targets of the route one after the other, at most
 * three, until one answers. Falls back freely before the first text and never after
 * it. Each failure is logged once. Must not know where backends come from.
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { BackendError, type BackendErrorReason } from '#models/backend.ts';
import type { Clock } from '#models/schedule.ts';
import type { RouteConfig } from '../config.ts';
import { attempt } from './attempt.ts';
import type { Connections } from './connections.ts';
import { type InferenceAnswer, InferenceError, type InferenceOptions, type Question } from './inference.ts';
import type { KnownBackends } from './known.ts';
import type { InferenceMetrics } from './metrics.ts';
import type { Rests } from './rests.ts';
import { orderTargets, resolveRoute, type Target, targetKey } from './router.ts';

const MAX_TARGETS = 3;
/** Share of the remaining time that a target may take to begin its answer while there is another one to try. */
const SHARE = 2 / 3;
/** Longest time that is waited for a backend which limits requests, in milliseconds. */
const LONGEST_WAIT = 10_000;

export interface ChatDeps {
  readonly routes: readonly RouteConfig[];
  readonly backends: () => KnownBackends;
  readonly connections: Connections;
  readonly rests: Rests;
  readonly metrics: InferenceMetrics;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

/** Failures after which the same request makes no sense at any other target. */
const FINAL: ReadonlySet<BackendErrorReason> = new Set(['BadRequest', 'Aborted']);

/** Throws InferenceError. */
export async function chat(deps: ChatDeps, question: Question, options: InferenceOptions): Promise<InferenceAnswer> {
  const { clock } = deps;
  const started = clock.now();
  const first = resolveRoute(deps.routes, options.route, deps.backends());
  const budget = Math.min(first.deadlineMs, options.deadlineMs ?? Number.POSITIVE_INFINITY);
  const left = (): number => budget - (clock.now() - started);
  const limit = new AbortController();
  const forward = (): void => limit.abort(new BackendError('Aborted', 'the caller gave up'));
  options.signal?.addEventListener('abort', forward, { once: true });
  if (options.signal?.aborted === true) forward();
  const cancel = clock.after(budget, () => limit.abort(new BackendError('Timeout', 'the deadline has passed')));
  const log = deps.log.child({ inference: randomUUID().slice(0, 8), route: first.name });
  try {
    return await tryTargets({ ...deps, log }, question, options, { left, signal: limit.signal });
  } finally {
    cancel();
    options.signal?.removeEventListener('abort', forward);
  }
}

interface Limits {
  readonly left: () => number;
  readonly signal: AbortSignal;
}

async function tryTargets(
  deps: ChatDeps,
  question: Question,
  options: InferenceOptions,
  { left, signal }: Limits,
): Promise<InferenceAnswer> {
  const tried = new Set<string>();
  let failure: BackendError | undefined;
  let waited = false;
  for (let number = 1; number <= MAX_TARGETS && !signal.aborted; ) {
    // Asked anew each time: what was ready a moment ago may be gone, and the other way round.
    const route = resolveRoute(deps.routes, options.route, deps.backends());
    const candidates = route.targets.filter((target) => !tried.has(targetKey(target)));
    const conditions = {
      inFlight: (backend: string) => deps.connections.inFlight(backend),
      rest: (target: Target) => deps.rests.of(target),
      random: deps.random,
    };
    const [target, next] = orderTargets(candidates, conditions);
    if (target === undefined) {
      const wait = Math.min(...route.targets.map((limited) => deps.rests.wait(limited)).filter((ms) => ms > 0));
      if (waited || wait > Math.min(LONGEST_WAIT, left())) throw unanswered(route, failure, signal);
      waited = true;
      tried.clear();
      // Timers may fire a millisecond early.
      await pause(deps.clock, Math.ceil(wait) + 1, signal);
      continue;
    }
    tried.add(targetKey(target));
    const hasNext = next !== undefined && number < MAX_TARGETS;
    const beginMs = Math.max(1, hasNext ? left() * SHARE : left());
    const ended = await ask(deps, target, question, { number, beginMs, signal, onText: options.onText });
    if ('answer' in ended) return ended.answer;
    failure = ended.failure;
    if (ended.begun || FINAL.has(failure.reason)) break;
    number += 1;
  }
  throw unanswered(resolveRoute(deps.routes, options.route, deps.backends()), failure, signal);
}

interface Ask {
  readonly number: number;
  readonly beginMs: number;
  readonly signal: AbortSignal;
  readonly onText: InferenceOptions['onText'];
}

async function ask(deps: ChatDeps, target: Target, question: Question, { number, beginMs, signal, onText }: Ask) {
  const { clock, connections, rests, metrics, log } = deps;
  const { backend, model } = target;
  const lease = connections.lease(backend);
  if (lease === undefined) {
    return { failure: new BackendError('ConnectionRefused', `${backend.name} has no address`), begun: false };
  }
  const started = clock.now();
  const longest = Math.min(
    question.maxTokens ?? Number.POSITIVE_INFINITY,
    model.maxOutputTokens ?? Number.POSITIVE_INFINITY,
  );
  const request = {
    ...question,
    model: model.upstreamName,
    ...(Number.isFinite(longest) ? { maxTokens: longest } : {}),
  };
  try {
    const ended = await attempt(lease.backend, request, { clock, signal, beginMs, onText });
    const seconds = (clock.now() - started) / 1000;
    const labels = { backend: backend.name, model: model.name };
    if ('answer' in ended) {
      rests.succeeded(target);
      metrics.attempt({ ...labels, outcome: 'ok', seconds, usage: ended.answer.usage });
      return { answer: { ...ended.answer, ...labels } };
    }
    const { failure } = ended;
    if (!signal.aborted) rests.failed(target, failure);
    metrics.attempt({ ...labels, outcome: failure.reason, seconds });
    const { reason, status, message, retryAfterMs } = failure;
    const fields = { ...labels, attempt: number, reason, status, retryAfterMs, detail: message, seconds };
    if (reason === 'Aborted') log.debug(fields, 'a request to a model was given up');
    else log.warn(fields, 'a model did not answer');
    return ended;
  } finally {
    lease.release();
  }
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve);
    signal.addEventListener(
      'abort',
      () => {
        cancel();
        resolve();
      },
      { once: true },
    );
  });
}

const PHRASES: Readonly<Record<BackendErrorReason, readonly [InferenceError['reason'], string]>> = {
  ConnectionRefused: ['Unavailable', 'cannot be reached'],
  TLSFailed: ['Unavailable', 'cannot be reached securely'],
  Timeout: ['Timeout', 'did not answer in time'],
  Unavailable: ['Unavailable', 'cannot answer now'],
  RateLimited: ['RateLimited', 'limits the rate of requests'],
  Unauthorized: ['Unavailable', 'does not accept the configured credential'],
  ModelNotFound: ['Unavailable', 'does not know the configured model'],
  ContextLengthExceeded: ['Rejected', 'has too small a context for the question'],
  BadRequest: ['Rejected', 'does not accept the question'],
  BadResponse: ['Unavailable', 'sent something that is no answer'],
  Unsupported: ['Rejected', 'cannot do what was asked'],
  Aborted: ['Aborted', 'was no longer waited for'],
};

/** The error for the caller. It names no address, as clients see it. */
function unanswered(
  {
    name,
    targets,
    missing,
  }: { readonly name: string; readonly targets: readonly Target[]; readonly missing: readonly string[] },
  failure: BackendError | undefined,
  signal: AbortSignal,
): InferenceError {
  const ended: unknown = signal.aborted ? signal.reason : failure;
  const others = missing.length === 0 ? '' : `; ${missing.slice(0, 5).join(', ')}`;
  if (ended instanceof BackendError) {
    const [reason, phrase] = PHRASES[ended.reason];
    const broken = failure?.partialText ? ' after a part of its answer' : '';
    return new InferenceError(reason, `route ${name}: the model ${phrase}${broken}${others}`, {
      cause: failure ?? ended,
    });
  }
  if (targets.length > 0)
    return new InferenceError('RateLimited', `route ${name}: every model limits the rate of requests`);
  const why = missing.length === 0 ? 'there is no model backend' : missing.slice(0, 5).join(', ');
  return new InferenceError('NoBackend', `route ${name} has no ready model: ${why}`);
}
