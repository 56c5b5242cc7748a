/**
 * Quantities as numbers.
 */
import { expect, test } from 'vitest';
import { amount } from './quantity.ts';

test.each([
  ['2', 2],
  ['500m', 0.5],
  ['1.5', 1.5],
  ['4Mi', 4_194_304],
  ['1.5Gi', 1_610_612_736],
  ['1G', 1_000_000_000],
])('%s is %f', (text, expected) => {
  expect(amount(text)).toBe(expected);
});
