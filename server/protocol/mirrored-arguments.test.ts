import { describe, expect, test } from 'vitest';
import { checkMirrored, isParameterHeader, mirroredArguments } from './mirrored-arguments.ts';

const text = { type: 'string', 'x-mcp-header': 'Region' };
const schema = {
  properties: {
    region: text,
    size: { type: 'integer', 'x-mcp-header': 'Size' },
    where: { properties: { fast: { type: 'boolean', 'x-mcp-header': 'Fast' } } },
  },
};

describe('a mark is refused', () => {
  test.each<[string, Parameters<typeof mirroredArguments>[1]]>([
    ['on a number', { properties: { a: { type: 'number', 'x-mcp-header': 'A' } } }],
    ['with a space', { properties: { a: { type: 'string', 'x-mcp-header': 'A B' } } }],
    ['that is empty', { properties: { a: { type: 'string', 'x-mcp-header': '' } } }],
    ['within a list', { properties: { a: { type: 'array', items: text } } }],
    ['within a choice', { properties: { a: { anyOf: [text] } } }],
    ['that stands twice', { properties: { a: text, b: { type: 'string', 'x-mcp-header': 'REGION' } } }],
  ])('%s', (_name, bad) => {
    expect(() => mirroredArguments('t', bad)).toThrow('tool t: ');
  });
});

describe('a request', () => {
  const mirrored = mirroredArguments('t', schema);
  const check = (given: unknown, headers: Record<string, string>): void => checkMirrored(mirrored, given, headers);
  const region = (value: string) => ({ 'mcp-param-region': value });

  test.each<[string, object, Record<string, string>]>([
    ['nothing', {}, {}],
    ['null', { region: null }, {}],
    ['a header for nothing', {}, region('x')],
    ['a text', { region: 'eu' }, region('eu')],
    ['Base64 of a text', { region: 'Zürich' }, region(`=?base64?${Buffer.from('Zürich').toString('base64')}?=`)],
    ['what only looks like Base64', { region: '=?base64?SGk=' }, region('=?base64?SGk=')],
    ['a number written otherwise', { size: 42 }, { 'mcp-param-size': '42.0' }],
    ['a value below', { where: { fast: true } }, { 'mcp-param-fast': 'true' }],
    ['a value of a wrong type, for the schema to refuse', { region: {} }, {}],
  ])('with %s passes', (_name, given, headers) => {
    expect(() => check(given, headers)).not.toThrow();
  });

  test.each<[string, object, Record<string, string>]>([
    ['no header for a text', { region: 'eu' }, {}],
    ['another text', { region: 'eu' }, region('us')],
    ['another case', { region: 'eu' }, region('EU')],
    ['Base64 without padding', { region: 'Hello' }, region('=?base64?SGVsbG8?=')],
    ['Base64 with other characters', { region: 'Hello' }, region('=?base64?SGVs!!!bG8=?=')],
    ['Base64 of no UTF-8', { region: 'Hello' }, region('=?base64?/w==?=')],
    ['a text beyond ASCII as it is', { region: 'é' }, region('é')],
    ['a control character', { region: 'a\x85b' }, region('a\x85b')],
    ['what is no header of nothing', {}, region('é')],
    ['a number in hexadecimal', { size: 26 }, { 'mcp-param-size': '0x1a' }],
    ['another number', { size: 1 }, { 'mcp-param-size': '2' }],
    ['another value below', { where: { fast: true } }, { 'mcp-param-fast': 'false' }],
  ])('with %s is refused', (_name, given, headers) => {
    expect(() => check(given, headers)).toThrow(expect.objectContaining({ code: -32020, httpStatus: 400 }));
  });

  test('a header that is long and hostile costs nothing', () => {
    const start = performance.now();
    expect(() => check({ region: 'x' }, region(`=?base64?${'='.repeat(16_000)}?=`))).toThrow('disagree');
    expect(() => check({ region: 'x' }, region(`${' '.repeat(16_000)}\x85`))).toThrow('disagree');
    expect(performance.now() - start).toBeLessThan(100);
  });
});

test('every header that a mark can name is known for one', () => {
  const name = "a!#$%&'*+-.^_`|~0";
  const [mark] = mirroredArguments('t', { properties: { a: { type: 'string', 'x-mcp-header': name } } });
  expect(isParameterHeader(mark?.header ?? '')).toBe(true);
  for (const other of ['mcp-param-', 'mcp-param-a b', 'mcp-param-é', 'x-mcp-param-a', 'mcp-name'])
    expect(isParameterHeader(other)).toBe(false);
});
