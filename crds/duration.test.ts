/**
 * Durations as numbers.
 */
import { expect, test } from 'vitest';
import { milliseconds, seconds } from './duration.ts';

test.each([
  ['0s', 0],
  ['250ms', 250],
  ['90s', 90_000],
  ['1h30m', 5_400_000],
  ['1m1s1ms', 61_001],
])('%s is %i ms', (text, expected) => {
  expect(milliseconds(text)).toBe(expected);
});

test('seconds are rounded up, so that no deadline gets shorter', () => {
  expect(seconds('1ms')).toBe(1);
  expect(seconds('2m')).toBe(120);
});
