import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

test('canonical JSON orders keys at every depth and keeps the order of lists', () => {
  expect(canonicalJson({ b: [{ z: 1, a: 2 }], a: null })).toBe('{"a":null,"b":[{"a":2,"z":1}]}');
  expect(canonicalJson({ ['__proto__']: 1 })).toBe(canonicalJson(JSON.parse('{"__proto__":1}')));
});

test.each([
  [{ a: 1 }, [['a', 1]]],
  [{ a: 1 }, ['a', 1]],
  [{}, []],
  [[], null],
  [
    [[1], 2],
    [1, [2]],
  ],
  [{ a: '1' }, { a: 1 }],
  [{ 'a":1,"b': 2 }, { a: 1, b: 2 }],
  [
    [1, 2],
    [2, 1],
  ],
])('%j has another text than %j', (one, other) => {
  expect(canonicalJson(one)).not.toBe(canonicalJson(other));
});
