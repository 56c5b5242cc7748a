/** Verdicts of the conformance suite, from findings as its program writes them. */
import { expect, test } from 'vitest';
import { FIXTURES, type Leg, PLAIN } from './legs.ts';
import { failureLines, optionalFailures, requiredFailures, resultOf, scoresOf, table } from './scores.ts';
import type { Check, Finding } from './suite.ts';

const check = (status: Check['status'], more: Partial<Check> = {}): Check => ({ id: 'a-check', status, ...more });
const found = (scenario: string, ...checks: readonly Check[]): Finding => ({ scenario, checks });
const leg = (more: Partial<Leg> = {}): Leg => ({
  title: 'a leg',
  args: [],
  way: 'front',
  required: 'all',
  fixtures: true,
  ...more,
});
const judged = (of: Leg, findings: readonly Finding[], required?: readonly string[]) => [
  { title: of.title, scores: scoresOf(of, findings, required) },
];

test('one failed check fails its scenario, and its message is shown', () => {
  const failed = check('FAILURE', { errorMessage: 'two\nlines' });
  const legs = judged(leg(), [found('good', check('SUCCESS')), found('bad', check('SUCCESS'), failed)]);
  expect(requiredFailures(legs)).toEqual(['bad (a leg)']);
  expect(failureLines(legs[0]?.scores ?? [])).toEqual(['  ✗ bad: a-check: two lines']);
});

test('a required scenario that checked nothing has not passed, an optional one has not failed', () => {
  const nothing = [found('empty', check('SKIPPED'))];
  expect(requiredFailures(judged(leg(), nothing))).toEqual(['empty (a leg)']);
  for (const required of ['none', 'applicable'] as const) {
    const optional = judged(leg({ required }), nothing);
    expect([requiredFailures(optional), optionalFailures(optional)]).toEqual([[], []]);
  }
  const applies = judged(leg({ required: 'applicable' }), [found('empty', check('FAILURE'))]);
  expect(requiredFailures(applies)).toEqual(['empty (a leg)']);
});

test('of the list of a revision each must have run; what runs beside it is optional', () => {
  const revision = leg({ required: { revision: '2026-07-28' } });
  const legs = judged(
    revision,
    [found('listed', check('SUCCESS')), found('beside', check('FAILURE'))],
    ['listed', 'gone'],
  );
  expect(requiredFailures(legs)).toEqual(['gone (a leg)']);
  expect(optionalFailures(legs)).toEqual(['beside (a leg)']);
});

test('a leg in which nothing ran has failed', () => {
  expect(requiredFailures(judged(leg(), []))).toEqual(['a leg (a leg)']);
});

test('what a server without fixtures cannot be asked is left out only where fixtures are not expected', () => {
  const lacking = [{ untestable: true }, { error: { code: -32_601 } }];
  const findings = [found('half', check('SUCCESS'), ...lacking.map((details) => check('FAILURE', { details })))];
  expect(requiredFailures(judged(leg({ fixtures: false }), findings))).toEqual([]);
  expect(requiredFailures(judged(leg(), findings))).toEqual(['half (a leg)']);
});

test('the result names at most ten failures and stays below 4 KiB', () => {
  const findings = Array.from({ length: 200 }, (_, i) => found(`${'long-'.repeat(20)}${i}`, check('FAILURE')));
  const result = resultOf('1.2.3', judged(leg(), [...findings, found('good', check('SUCCESS'))]));
  expect(result).toMatchObject({ version: '1.2.3', passed: 1, total: 201 });
  expect(result.failed).toHaveLength(10);
  expect(JSON.stringify(result).length).toBeLessThan(4096);
});

test('the table counts scenarios of each leg and of all', () => {
  const legs = [
    ...judged(leg(), [found('good', check('SUCCESS'), check('SUCCESS')), found('bad', check('FAILURE'))]),
    ...judged(leg({ title: 'extras', required: 'none' }), [found('more', check('SUCCESS')), found('empty')]),
  ];
  expect(table(legs)).toBe(
    [
      '         required   optional   checks',
      'a leg         1/2          –        2',
      'extras          –        1/1        1',
      'total         1/2        1/1        3',
      '',
    ].join('\n'),
  );
});

test('every revision that is served is run, and rebinding is tried where no ingress stands before the server', () => {
  const args = [...FIXTURES, ...PLAIN].map((leg) => leg.args.join(' '));
  for (const revision of ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26'])
    expect(args.filter((text) => text.includes(revision)).length).toBeGreaterThan(1);
  const rebinding = [...FIXTURES, ...PLAIN].filter(({ args }) => args.includes('dns-rebinding-protection'));
  expect(rebinding.map(({ way }) => way)).toEqual(['direct', 'direct', 'direct', 'direct']);
});
