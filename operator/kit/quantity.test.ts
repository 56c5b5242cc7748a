import { expect, test } from 'vitest';
import { canonicalQuantity, quantityValue } from './quantity.ts';
import { storedQuantities } from './testing/quantities.ts';

test.each(storedQuantities)('%s is stored as %s', (given, stored) => {
  expect(canonicalQuantity(given)).toBe(stored);
  expect(canonicalQuantity(stored)).toBe(stored);
});

test.each(['', '.', 'Mi', '1 Gi', '1GiB', '1e', '--1', '1,5', 'NaN'])('%j is refused with its text', (text) => {
  expect(() => canonicalQuantity(text)).toThrow(JSON.stringify(text));
});

test('a value is in whole units, rounded up', () => {
  expect(quantityValue('1Gi')).toBe(1_073_741_824);
  expect(quantityValue('1500m')).toBe(2);
  expect(quantityValue(3)).toBe(3);
});
