import { describe, expect, test } from 'vitest';
import { BackendError, type BackendErrorReason } from './backend.ts';
import { failed, type ModelFacts, modelVerdict, NEVER, pauseOf, SUCCEEDED } from './verdict.ts';

const error = (reason: BackendErrorReason, retryAfterMs?: number) =>
  new BackendError(reason, reason, retryAfterMs === undefined ? {} : { retryAfterMs });

describe('a failure', () => {
  test('that passes counts when there were enough in a row, any other at once', () => {
    const once = failed(SUCCEEDED, error('Timeout'), 2);
    expect([once.good, failed(once, error('Timeout'), 2).good]).toEqual([true, false]);
    expect(failed(SUCCEEDED, error('Unauthorized'), 2).good).toBe(false);
  });

  test('by a limit of requests never makes a good backend bad, nor an unknown one good', () => {
    let history = SUCCEEDED;
    for (let i = 0; i < 10; i += 1) history = failed(history, error('RateLimited'), 2);
    expect(history.good).toBe(true);
    expect(failed(NEVER, error('RateLimited'), 2).good).toBe(false);
  });

  test('is followed by a try soon, later by tries at the interval, never sooner than was asked for', () => {
    let history = NEVER;
    const pauses = Array.from({ length: 8 }, () => {
      history = failed(history, error('Timeout'), 3);
      return pauseOf(history, 10_000);
    });
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
    expect(pauseOf(failed(NEVER, error('RateLimited', 60_000), 3), 10_000)).toBe(60_000);
    expect(pauseOf(SUCCEEDED, 10_000)).toBe(10_000);
  });
});

test.for<[string, Partial<ModelFacts>, string, string]>([
  ['nothing answered yet', { reachable: false }, 'Pending', 'Pending'],
  ['the backend is gone', { reachable: false, proven: true }, 'Unknown', 'Pending'],
  ['it was not asked yet', {}, 'Pending', 'Pending'],
  ['it answered', { inference: SUCCEEDED, listed: false }, 'Loaded', 'Loaded'],
  ['it cannot answer now', { inference: failed(NEVER, error('Unavailable'), 3) }, 'Loading', 'Loading'],
  ['it is unknown', { inference: failed(NEVER, error('ModelNotFound'), 3) }, 'Failed', 'NotListed'],
  ['it makes the engine fail', { inference: failed(NEVER, error('BadResponse'), 3) }, 'Failed', 'LoadFailed'],
  ['only requests are limited', { inference: failed(NEVER, error('RateLimited'), 3) }, 'Unknown', 'Unverified'],
  ['it may not be asked', { inferenceEnabled: false }, 'Loaded', 'Unverified'],
  ['it may not be asked and is not listed', { inferenceEnabled: false, listed: false }, 'Failed', 'NotListed'],
])('a model of which %s is judged so', ([, facts, state, reason]) => {
  const usual = { reachable: true, proven: false, listed: true, others: [], inference: NEVER, inferenceEnabled: true };
  expect(modelVerdict({ name: 'm', upstreamName: 'm', ...usual, ...facts })).toMatchObject({ state, reason });
});

test('of what a backend lists only names of models are repeated', () => {
  const facts = {
    name: 'm',
    upstreamName: 'm',
    reachable: true,
    proven: false,
    listed: false,
    inferenceEnabled: false,
  };
  const others = ['good-model', '<script>', 'a\nb', 'x'.repeat(200)];
  const { message } = modelVerdict({ ...facts, others, inference: NEVER });
  expect(message).toBe('the backend does not know the model m; it lists good-model, …. Set spec.models[].upstreamName');
});
