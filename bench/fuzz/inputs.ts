/**
 * Inputs for the fuzzer: messages within requests that are whole and mostly right, and requests whose bytes are broken
 * the way that parsers break. One seed gives the same inputs each time.
 */
import type { Arbitrary } from 'fast-check';
import * as fc from 'fast-check';
import type { Sent } from './exchange.ts';
import { type KnownTool, type Message, messages, VERSIONS } from './messages.ts';

/** Stands where the id of an open session goes. */
export const SESSION = 'session-id-goes-here';

/** What stands where a token of this kind goes: tokens are signed when they are used, and inputs follow from a seed. */
export const TOKENS = {
  valid: 'valid-token-goes-here',
  scopeless: 'scopeless-token-goes-here',
  expired: 'expired-token-goes-here',
  foreign: 'foreign-token-goes-here',
  unsigned: 'unsigned-token-goes-here',
  tampered: 'tampered-token-goes-here',
  cut: 'cut-token-goes-here',
} as const;
export type TokenKind = keyof typeof TOKENS;

type Fields = readonly (readonly [string, string])[];

const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?');
const encoded = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`;

const hostileFields: Arbitrary<Fields> = fc.constantFrom<Fields>(
  [['origin', 'https://evil.example']],
  [['origin', 'null']],
  [['host', 'evil.example']],
  [
    ['host', '127.0.0.1'],
    ['host', 'evil.example'],
  ],
  [['content-type', 'text/plain']],
  [['content-type', 'application/json; charset=utf-16']],
  [['content-encoding', 'gzip']],
  [['accept', 'text/event-stream']],
  [['accept', 'image/png']],
  [['accept', '']],
  [['authorization', 'Bearer ']],
  [['authorization', 'Bearer a.b.c']],
  [['authorization', 'Basic eDp5']],
  [['authorization', `Bearer ${'x'.repeat(9000)}`]],
  [['mcp-session-id', SESSION]],
  [['mcp-session-id', 'eyJwb2QiOiIxNjkuMjU0LjE2OS4yNTQiLCJpZCI6IngifQ.AAAA']],
  [['mcp-session-id', 'x'.repeat(4000)]],
  [['last-event-id', '0']],
  [['last-event-id', 'x'.repeat(3000)]],
  [['mcp-param-region', 'x']],
  [['mcp-param-', encoded('x')]],
  [['traceparent', '00-zz-zz-01']],
  [['expect', '100-continue']],
  [['expect', 'tea']],
  [
    ['connection', 'upgrade'],
    ['upgrade', 'websocket'],
  ],
  [
    ['x-forwarded-for', '1.2.3.4'],
    ['forwarded', 'for=_x'],
  ],
  Array.from({ length: 150 }, (_, at) => [`x-${at}`, 'y'] as const),
);

/** Three of four may call. */
const authorization: Arbitrary<Fields> = fc.oneof(
  { weight: 30, arbitrary: fc.constant<Fields>([['authorization', `Bearer ${TOKENS.valid}`]]) },
  {
    weight: 7,
    arbitrary: fc.constantFrom(...Object.values(TOKENS)).map<Fields>((token) => [['authorization', `Bearer ${token}`]]),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Fields>(
      [],
      [['authorization', 'Bearer']],
      [['authorization', `bearer  ${TOKENS.valid} `]],
      [['authorization', `Bearer ${TOKENS.valid}, Bearer ${TOKENS.valid}`]],
      [['authorization', `Basic ${TOKENS.valid}`]],
      [['authorization', `Bearer ${TOKENS.valid}.`]],
      [['authorization', `Bearer ${'.'.repeat(200)}`]],
      [
        ['authorization', `Bearer ${TOKENS.valid}`],
        ['authorization', `Bearer ${TOKENS.expired}`],
      ],
    ),
  },
);

function headersOf({ method, name }: Message, version: string, twist: number): Fields {
  const fields: [string, string][] = [
    ['content-type', 'application/json'],
    ['accept', 'application/json, text/event-stream'],
  ];
  if (version !== '') fields.push(['mcp-protocol-version', version]);
  if (twist !== 0) fields.push(['mcp-method', twist === 1 ? 'tools/list' : printable(method)]);
  if (name !== undefined && twist !== 2) {
    const plain = printable(name) === name && twist !== 3;
    fields.push(['mcp-name', twist === 4 ? 'other' : plain ? name.slice(0, 3000) : encoded(name).slice(0, 3000)]);
  }
  return fields;
}

/** `fields` come later and do not replace: some names stand twice. */
function request(method: string, fields: Fields, body: Uint8Array, more: Fields = []): Buffer {
  const replaced = new Set(more.map(([name]) => name));
  const host: Fields = replaced.has('host') ? [] : [['host', '127.0.0.1']];
  const lines = [
    ...host,
    ...fields.filter(([name]) => !replaced.has(name)),
    ['content-length', String(body.length)] as const,
    ...more,
  ];
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`${method} /mcp HTTP/1.1\r\n${head}\r\n`, 'latin1'), body]);
}

/** Instead of the message's own. */
const otherVersion = fc.oneof(
  { weight: 40, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom(...VERSIONS) },
);
const verb = fc.oneof(
  { weight: 30, arbitrary: fc.constant('POST') },
  { weight: 1, arbitrary: fc.constantFrom('GET', 'DELETE', 'OPTIONS', 'PUT', 'HEAD', 'PATCH', 'TRACE') },
);

/** A message as bytes, sometimes not quite JSON. */
function bytesOf(body: unknown, twist: number): Buffer {
  const text = JSON.stringify(body) ?? '';
  if (twist === 0) return Buffer.from(text.slice(0, -1));
  if (twist === 1) return Buffer.concat([Buffer.from(text), Buffer.from([0xff, 0xc0])]);
  if (twist === 2) return Buffer.from(`\ufeff${text}`);
  if (twist === 3) return Buffer.from(text.replace('{', '{"id":1,'));
  if (twist === 4) return Buffer.from('['.repeat(20_000));
  if (twist === 5) return Buffer.from(text.replaceAll('"', '\\u0022'));
  return Buffer.from(text);
}

function whole(tools: readonly KnownTool[]): Arbitrary<Buffer> {
  return fc
    .record({
      message: messages(tools),
      otherVersion,
      verb,
      authorization,
      more: fc.oneof({ weight: 8, arbitrary: fc.constant<Fields>([]) }, { weight: 1, arbitrary: hostileFields }),
      session: fc.boolean(),
      headerTwist: fc.nat(100),
      bodyTwist: fc.nat(150),
    })
    .map(({ message, otherVersion: other, verb, authorization, more, session, headerTwist, bodyTwist }) => {
      const version = other ?? message.version;
      const own: Fields =
        session && version.startsWith('2025') && message.method !== 'initialize' ? [['mcp-session-id', SESSION]] : [];
      const body = bytesOf(message.body, bodyTwist);
      return request(verb, [...headersOf(message, version, headerTwist), ...authorization, ...own], body, more);
    });
}

/** Changes bytes of a request the way that HTTP parsers differ over. */
type Breakage = (bytes: Buffer, at: number) => Buffer;

const text =
  (change: (request: string, at: number) => string): Breakage =>
  (bytes, at) =>
    Buffer.from(change(bytes.toString('latin1'), at), 'latin1');
const field = (line: string): Breakage => text((request) => request.replace('\r\n', `\r\n${line}\r\n`));
const chunked = (body: string): Breakage =>
  text((request) =>
    request
      .replace(/content-length: \d+\r\n/, 'transfer-encoding: chunked\r\n')
      .replace(/\r\n\r\n.*$/s, `\r\n\r\n${body}`),
  );
const target = (uri: string): Breakage => text((request) => request.replace(' /mcp ', ` ${uri} `));

const breakages: readonly Breakage[] = [
  ...[
    'Content-Length: 5',
    'Content-Length: -1',
    'Content-Length: +5',
    'Content-Length: 0x10',
    'Content-Length: 99999999999999999999',
  ].map(field),
  ...[
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding : chunked',
    'Transfer-Encoding: chunked, identity',
  ].map(field),
  ...[
    'NoColon',
    ' folded',
    ': empty',
    'A\0B: x',
    'X: \0',
    'Host: other',
    `X: ${'y'.repeat(20_000)}`,
    'Connection: close',
    'Trailer: X',
  ].map(field),
  ...[
    '5\r\nhello\r\n0\r\n\r\n',
    'zz\r\nhello\r\n',
    'FFFFFFFFFFFFFFFF\r\nx',
    '-1\r\n\r\n',
    `2;${'e'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`,
    '2\r\n{}\r\n0\r\nX: y\r\n\r\n',
    '2\r\n{}XX0\r\n\r\n',
  ].map(chunked),
  ...[
    '*',
    'http://evil.example/mcp',
    '//evil.example/mcp',
    '/mcp?x=1',
    '/MCP',
    '/mcp/../healthz',
    '/%2e%2e',
    '',
    `/${'a'.repeat(20_000)}`,
    '/mcp\0',
    '/.well-known/oauth-protected-resource',
    '/.well-known/oauth-protected-resource/mcp',
    '/metrics',
    '/token',
  ].map(target),
  ...['HTTP/1.0', 'HTTP/2.0', 'HTTP/1.1 x', 'HTTP/9.9', 'ICY'].map((version) =>
    text((request) => request.replace('HTTP/1.1', version)),
  ),
  text((request) => request.replaceAll('\r\n', '\n')),
  text((request) => request.replaceAll('\r\n', '\r')),
  text((request) => request.replace(/^\w+/, 'PRI')),
  text((request) => `${request}${request}`),
  text((request) => request.repeat(8)),
  text((request, at) => request.slice(0, at % request.length)),
  text((request, at) => request.slice(at % request.length)),
  text((request) => `\r\n\r\n${request}`),
  (bytes, at) =>
    Buffer.concat([
      bytes.subarray(0, at % bytes.length),
      Buffer.from([at & 255, (at >> 8) & 255]),
      bytes.subarray(at % bytes.length),
    ]),
  (bytes, at) => {
    const copy = Buffer.from(bytes);
    copy[at % copy.length] = (at >> 7) & 255;
    return copy;
  },
  () => Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  () => Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
];

function broken(tools: readonly KnownTool[]): Arbitrary<Sent> {
  const change = fc.tuple(fc.constantFrom(...breakages), fc.nat(1 << 20));
  return fc
    .record({
      bytes: whole(tools),
      changes: fc.array(change, { minLength: 1, maxLength: 3 }),
      cuts: fc.array(fc.nat(2000), { maxLength: 3 }),
    })
    .map(({ bytes, changes, cuts }) => {
      let changed = bytes;
      for (const [breakage, at] of changes) if (changed.length > 0) changed = breakage(changed, at);
      return { parts: split(changed, cuts), whole: false };
    });
}

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

/** Three of four are whole requests. */
export function inputs(tools: readonly KnownTool[], seed: number, count: number): Sent[] {
  const sent = fc.oneof(
    { weight: 3, arbitrary: whole(tools).map((bytes): Sent => ({ parts: [bytes], whole: true })) },
    { weight: 1, arbitrary: broken(tools) },
  );
  return fc.sample(sent, { seed, numRuns: count });
}
