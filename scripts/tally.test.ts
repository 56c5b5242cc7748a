/**
 * The closing lines of a test run.
 */
import { expect, test } from 'vitest';
import { closingLines, required, sum, type Tally } from './tally.ts';

const PASSED: Tally = { passed: 2, failed: [], skipped: [] };
const MIXED: Tally = {
  passed: 1,
  failed: ['a file > breaks'],
  skipped: [
    { test: 'needs a GPU', reason: 'no GPU' },
    { test: 'needs a GPU too', reason: 'no GPU' },
  ],
};

test('stages add up, and the counts stand alone on the last line', () => {
  expect(closingLines(sum([PASSED, MIXED])).at(-1)).toBe('3 passed, 1 failed, 2 skipped');
});

test('a reason is printed once, with the tests that were skipped for it', () => {
  expect(closingLines(MIXED)).toEqual([
    'failed: a file > breaks',
    'skipped: no GPU',
    '  needs a GPU',
    '  needs a GPU too',
    '1 passed, 1 failed, 2 skipped',
  ]);
});

test('a stage in which no test ran has failed', () => {
  expect(required('api', sum([])).failed).toEqual(['api: no test ran']);
  expect(required('api', PASSED)).toEqual(PASSED);
});
