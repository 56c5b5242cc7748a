import { describe, expect, test } from 'vitest';
import type { ModelBackendStatus } from '#crds/modelbackend-status.ts';
import type { ProbeResult } from '#models/probe.ts';
import { type ModelVerdict, modelVerdict, NEVER, type Reachability, reachability } from '#models/verdict.ts';
import { findingOf } from './finding.ts';
import { status } from './status.ts';
import { cached, external, NOTHING } from './testing/fixtures.ts';

const backend = cached(external('https://api.test', { models: [{ name: 'a' }, { name: 'b' }] }));
const REACHABLE: Reachability = { status: 'True', reason: 'Reachable', message: 'the backend answers' };
const REFUSED: Reachability = { status: 'False', reason: 'ConnectionRefused', message: 'https://api.test refused' };

const verdict = (name: string, facts: Partial<Parameters<typeof modelVerdict>[0]> = {}): ModelVerdict => {
  const usual = { proven: false, listed: true, others: [], inference: NEVER, inferenceEnabled: true };
  return modelVerdict({ name, upstreamName: name, reachable: true, ...usual, ...facts });
};
const good = (name: string) => verdict(name, { inference: { ...NEVER, good: true } });
const unasked = (name: string) => verdict(name);
const unreachable = (name: string) => verdict(name, { reachable: false });

const probe = (reachable: Reachability, models: readonly ModelVerdict[]): ProbeResult => ({
  reachable,
  models,
  latencyMs: undefined,
  checkedAt: undefined,
});
const FRESH = probe(reachability(NEVER, undefined), [unreachable('a'), unreachable('b')]);
const ALL_GOOD = probe(REACHABLE, [good('a'), good('b')]);
const GONE = probe(REFUSED, [unreachable('a'), unreachable('b')]);

/** The status that this result leads to. */
function told(result: ProbeResult | undefined, generation = 2): ModelBackendStatus {
  const finding = findingOf(backend, result, undefined);
  const situation = { backend, observed: NOTHING, problems: [], finding, previous: undefined };
  return { ...status(situation, undefined, '2026-01-01T00:00:00Z'), observedGeneration: generation };
}

const reasons = ({ reachable, modelsLoaded, models }: ReturnType<typeof findingOf>) => [
  reachable.reason,
  modelsLoaded.reason,
  models.map(({ state }) => state).join(),
];

describe('what is known', () => {
  test.each([
    ['of nobody is nothing', undefined, told(ALL_GOOD), ['Pending', 'Pending', 'Pending,Pending']],
    ['before the first answer is nothing', FRESH, undefined, ['Pending', 'Pending', 'Pending,Pending']],
    ['after a restart is what the status says', FRESH, told(ALL_GOOD), ['Reachable', 'Loaded', 'Loaded,Loaded']],
    [
      'of another spec is not what the status says',
      FRESH,
      told(ALL_GOOD, 1),
      ['Pending', 'Pending', 'Pending,Pending'],
    ],
    [
      'stays until each model was asked',
      probe(REACHABLE, [good('a'), unasked('b')]),
      told(ALL_GOOD),
      ['Reachable', 'Loaded', 'Loaded,Loaded'],
    ],
    [
      'of a model that was not asked is that',
      probe(REACHABLE, [good('a'), unasked('b')]),
      undefined,
      ['Reachable', 'Pending', 'Loaded,Pending'],
    ],
    ['is the failure once it is seen', GONE, told(ALL_GOOD), ['ConnectionRefused', 'Pending', 'Pending,Pending']],
    ['of a failure stays over a restart, too', FRESH, told(GONE), ['ConnectionRefused', 'Pending', 'Pending,Pending']],
    ['is the recovery once it is seen', ALL_GOOD, told(GONE), ['Reachable', 'Loaded', 'Loaded,Loaded']],
  ] as const)('%s', (_, result, previous, expected) => {
    expect(reasons(findingOf(backend, result, previous))).toEqual(expected);
  });

  test('of pods that were gone is not taken from their absence', () => {
    const absent = told(undefined);
    const conditions = (absent.conditions ?? []).map((condition) =>
      condition.type === 'Reachable' ? { ...condition, reason: 'NoEndpoints', status: 'False' as const } : condition,
    );
    expect(reasons(findingOf(backend, FRESH, { ...absent, conditions }))).toEqual([
      'Pending',
      'Pending',
      'Pending,Pending',
    ]);
  });

  test('is said in bounded sentences without control characters', () => {
    const hostile = { ...REFUSED, message: `\u001b]0;title\u0007 refused\n${'x'.repeat(9999)}` };
    const { reachable } = findingOf(backend, probe(hostile, []), undefined);
    expect(reachable.message).toMatch(/^\]0;title refused x+…$/);
    expect(reachable.message.length).toBeLessThanOrEqual(1024);
    expect(findingOf(backend, GONE, undefined).reachable.message).toBe('https://api.test refused.');
  });
});
