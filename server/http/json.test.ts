import { describe, expect, test } from 'vitest';
import { MAX_DEPTH, MAX_VALUES, parseJson } from './json.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

describe('what is JSON within bounds is parsed', () => {
  test.each([
    '{"a":1,"b":[true,null,"x"]}',
    ' [ ] ',
    '"text"',
    '{"a":{"a":{"a":1}},"b":{"a":2}}',
    String.raw`{"a":"quote \" brace { colon : comma , end"}`,
    String.raw`{"emoji":"😀"}`,
    '[{"a":1},{"a":2}]',
    nested(MAX_DEPTH),
  ])('%s', (text) => {
    expect(parseJson(bytes(text))).toEqual({ ok: true, value: JSON.parse(text) as unknown });
  });
});

describe('what is not valid JSON is a parse error', () => {
  test.each([
    '',
    '{',
    '{"a"',
    '{"a":1',
    '[1,]',
    'nul',
    '"open',
    '"open\\',
    '\u{feff}{}',
    '{"a":1}{"b":2}',
    '{"a":1,"a":2}',
    String.raw`{"a":1,"\u0061":2}`,
    '{"x":[{"y":{"a":1,"a":1}}]}',
    '{"__proto__":1,"__proto__":2}',
    '{"1":1,"1":2}',
    String.raw`{"x":"\ud800"}`,
    String.raw`{"\udc00":1}`,
    '{"x":"\n"}',
    '}',
  ])('%j', (text) => {
    expect(parseJson(bytes(text))).toMatchObject({ ok: false, code: -32700 });
  });

  test('invalid UTF-8', () => {
    expect(parseJson(Uint8Array.from([0x22, 0xff, 0x22]))).toMatchObject({ ok: false, code: -32700 });
  });
});

describe('what is too much is an invalid request', () => {
  test.each([
    ['one level too deep', nested(MAX_DEPTH + 1)],
    ['ten thousand levels', nested(10_000)],
    ['deep objects', '{"a":'.repeat(10_000)],
    ['too many values', `[${'1,'.repeat(MAX_VALUES)}1]`],
  ])('%s', (_name, text) => {
    expect(parseJson(bytes(text))).toMatchObject({ ok: false, code: -32600 });
  });
});

test('a name like __proto__ stays a plain member', () => {
  const parsed = parseJson(bytes('{"__proto__":{"polluted":1}}'));
  expect(parsed.ok && Object.hasOwn(parsed.value as object, '__proto__')).toBe(true);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});
