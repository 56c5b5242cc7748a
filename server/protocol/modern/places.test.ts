import { expect, test } from 'vitest';
import { Places } from './places.ts';

const named = (id: string) => ({ id, scopes: new Set<string>() });

/** How many a caller gets in a row. */
function fill(places: Places, caller: { readonly id: string }): number {
  let got = 0;
  while (places.refusal(caller) === undefined) {
    places.take(caller.id);
    got += 1;
  }
  return got;
}

test('a caller who holds more than half leaves the last tenth to others', () => {
  const places = new Places(20);
  expect(fill(places, named('eve'))).toBe(18);
  expect(places.refusal(named('eve'))).toMatch(/you hold more than half/);
  expect(fill(places, named('ada'))).toBe(2);
  expect(places.refusal(named('bob'))).toMatch(/limit reached\. Try again/);
  places.giveBack('eve');
  expect(places.refusal(named('eve'))).toMatch(/for others/);
  expect(fill(places, named('bob'))).toBe(1);
});

test('whoever holds no more than half gets the last ones too', () => {
  const places = new Places(20);
  places.take('eve');
  places.giveBack('eve');
  for (let i = 0; i < 8; i += 1) places.take('ada');
  expect(fill(places, named('eve'))).toBe(11);
  expect(fill(places, named('ada'))).toBe(1);
});

test.each([1, 2])('of %i places one caller may have each', (most) => {
  expect(fill(new Places(most), named('eve'))).toBe(most);
});

test('where nobody has an identity all are for everybody', () => {
  expect(fill(new Places(20), { id: 'anonymous' })).toBe(20);
});
