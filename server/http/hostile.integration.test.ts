/**
 * Attacks on the parser and on patience: each gets the right answer or none, nothing of it runs, and the server goes on
 * serving others meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../app.testing.ts';
import { post } from '../protocol/clients.testing.ts';
import { openRaw, rawPost, sendRaw } from './raw.testing.ts';

const TEXT = 'hostile';
const CALL = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'echo', arguments: { text: TEXT } },
});
const LAST = 'Connection: close';
const length = (body: string): string => `Content-Length: ${Buffer.byteLength(body)}`;
const ACCEPT = 'Accept: application/json, text/event-stream';

let app: TestApp;
beforeAll(async () => {
  // A limit that nobody reaches, so that addresses are looked at.
  app = await startTestApp({ limits: { requestsPerMinutePerCaller: 1_000_000, trustedProxies: ['127.0.0.0/8'] } });
});
afterAll(() => app.close());

afterEach(async () => {
  const start = performance.now();
  const response = await post(app.url, 'tools/call', { name: 'echo', arguments: { text: 'alive' } });
  if (response.status !== 200 || performance.now() - start > 1_000) throw new Error('the server suffered');
});

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
const ran = (): number => app.written.filter((text) => text === TEXT).length;

describe('what is almost HTTP is refused and does not run', () => {
  const chunked = 'Transfer-Encoding: chunked';
  const inChunks = (body: string): string => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  test.each([
    ['Content-Length and chunks', rawPost([length(CALL), chunked, LAST], inChunks(CALL)), 400],
    ['chunks and then identity', rawPost(['Transfer-Encoding: chunked, identity', LAST], inChunks(CALL)), 400],
    ['two different lengths', rawPost([length(CALL), 'Content-Length: 3', LAST], CALL), 400],
    ['a length with a sign', rawPost([`Content-Length: +${CALL.length}`, LAST], CALL), 400],
    ['a folded header', rawPost(['X-A: b', ' c', length(CALL), LAST], CALL), 400],
    ['a space before the colon', rawPost(['Content-Length : 10', LAST], CALL), 400],
    ['line feeds alone', rawPost([length(CALL), LAST], CALL).replaceAll('\r\n', '\n'), 400],
    ['a NUL in a header', rawPost(['X-A: \0', length(CALL), LAST], CALL), 400],
    ['a broken chunk size', rawPost([chunked, LAST], `zz\r\n${CALL}\r\n0\r\n\r\n`), 400],
    ['extensions of chunks without end', rawPost([chunked, LAST], `1;${'a'.repeat(20_000)}\r\n{\r\n`.repeat(4)), 413],
    ['64 KiB of headers', rawPost([`X-A: ${'a'.repeat(65_536)}`, length(CALL), LAST], CALL), 431],
    ['1000 headers', rawPost([...Array.from({ length: 1_000 }, () => 'a: b'), length(CALL), LAST], CALL), 431],
    [
      'HTTP/1.0 in chunks, with another request behind it',
      `${rawPost([chunked, 'Connection: keep-alive'], `${CALL.length.toString(16)}\r\n${CALL}\r\n0\r\n\r\n`).replace('HTTP/1.1', 'HTTP/1.0')}${rawPost([ACCEPT, length(CALL), LAST], CALL)}`,
      400,
    ],
    ['17 KiB of headers', rawPost([`X-A: ${'a'.repeat(17 * 1024)}`, length(CALL), LAST], CALL), 431],
    ['HTTP/2 without a negotiation', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ])('%s', async (_name, bytes, status) => {
    const before = ran();
    const answer = await sendRaw(app.url, bytes);
    expect(statusOf(answer)).toBe(status);
    expect(answer).toContain('"jsonrpc":"2.0"');
    expect(ran()).toBe(before);
  });

  test('a body longer than its length is cut off, and what is left is no request', async () => {
    const before = ran();
    const answer = await sendRaw(app.url, rawPost([ACCEPT, length(CALL)], `${CALL}${CALL}\r\n\r\n`));
    expect(answer.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
    expect(ran()).toBe(before + 1);
  });

  test('a body shorter than its length does not run', async () => {
    const before = ran();
    const { socket, ended } = await openRaw(app.url);
    socket.end(rawPost([ACCEPT, `Content-Length: ${CALL.length + 1}`], CALL));
    await ended;
    expect(ran()).toBe(before);
  });
});

describe('what is allowed and odd is served', () => {
  test('500 headers, within their bytes', async () => {
    const few = Array.from({ length: 500 }, (_, i) => `a${i}:`);
    expect(statusOf(await sendRaw(app.url, rawPost([...few, ACCEPT, length(CALL), LAST], CALL)))).toBe(200);
  });

  test('an upgrade to HTTP/2 or a WebSocket is not taken', async () => {
    const h2c = ['Connection: Upgrade, HTTP2-Settings, close', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'];
    for (const more of [h2c, ['Connection: Upgrade, close', 'Upgrade: websocket']])
      expect(statusOf(await sendRaw(app.url, rawPost([...more, ACCEPT, length(CALL)], CALL)))).toBe(200);
  });

  test('Expect: 100-continue is answered only after the checks', async () => {
    const expecting = ['Expect: 100-continue', ACCEPT, LAST];
    const { socket, received, ended } = await openRaw(app.url);
    socket.write(rawPost([...expecting, length(CALL)]));
    await expect.poll(received).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    socket.write(CALL);
    expect(await ended).toContain('HTTP/1.1 200 OK');
    const refused = await sendRaw(app.url, rawPost([...expecting, 'Content-Length: 9999999999']));
    expect(statusOf(refused)).toBe(413);
    expect(statusOf(await sendRaw(app.url, rawPost([...expecting, 'Origin: https://evil', length(CALL)])))).toBe(403);
  });

  test('1000 requests in a row on one connection are answered one by one, in their order', async () => {
    const { socket, received, ended } = await openRaw(app.url);
    for (let n = 1; n <= 1_000; n += 1) {
      const body = JSON.stringify({ jsonrpc: '2.0', id: n, method: 'ping' });
      socket.write(rawPost([ACCEPT, length(body), ...(n === 1_000 ? [LAST] : [])], body));
    }
    await ended;
    const statuses = received().match(/HTTP\/1\.1 \d{3}/g) ?? [];
    expect(statuses).toHaveLength(1_000);
    expect(new Set(statuses)).toEqual(new Set(['HTTP/1.1 200']));
    const ids = [...received().matchAll(/"id":(\d+)/g)].map(([, id]) => Number(id));
    expect(ids).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 1));
  });
});

describe('bodies that are JSON and hostile', () => {
  const send = async (body: string): Promise<{ status: number; error?: { code: number } }> => {
    const response = await fetch(app.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body,
    });
    const text = await response.text();
    const json = JSON.parse(text.replace(/^[^{[]*/, '')) as { error?: { code: number } };
    return { status: response.status, ...json };
  };
  const withArguments = (members: string): string => CALL.replace(`"text":"${TEXT}"`, members);

  test('100 000 members stall nobody', async () => {
    const members = Array.from({ length: 100_001 }, (_, i) => `"k${i}":1`).join();
    const start = performance.now();
    expect(await send(withArguments(members))).toMatchObject({ status: 400, error: { code: -32_600 } });
    expect(performance.now() - start).toBeLessThan(500);
    const fits = Array.from({ length: 50_000 }, (_, i) => `"k${i}":1`).join();
    expect((await send(withArguments(fits))).status).toBe(200);
  });

  test.each([
    ['a number beyond all', '"text":"hostile","times":1e309'],
    ['a number with a million digits', `"text":"hostile","times":${'9'.repeat(1_000_000)}`],
    ['members named like parts of every object', '"text":"hostile","__proto__":{"times":5}'],
    ['a constructor', '"text":"hostile","constructor":{"prototype":{"polluted":true}}'],
  ])('%s is an argument that does not fit', async (_name, members) => {
    const before = ran();
    const answer = (await send(withArguments(members))) as { status: number; result?: { isError?: boolean } };
    expect([answer.status, answer.result?.isError]).toEqual([200, true]);
    expect(ran()).toBe(before);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test.each([
    ['a byte order mark', `\u{feff}${CALL}`, -32_700],
    ['half a character', CALL.replace(TEXT, String.raw`\ud800`), -32_700],
    ['a repeated name deep within', withArguments('"text":"hostile","more":{"a":{"b":1,"b":2}}'), -32_700],
  ])('%s is no JSON', async (_name, body, code) => {
    const before = ran();
    expect(await send(body)).toMatchObject({ status: 400, error: { code } });
    expect(ran()).toBe(before);
  });
});

describe('texts made for patterns that try every way', () => {
  const long = (text: string): string => text.repeat(Math.floor(12_000 / text.length));
  test.each([
    ['Content-Type', `application/json${long(' ')}x`],
    ['Content-Type', `application/json;${long(' ')}charset=utf-8${long(' ').slice(0, 100)}x`],
    ['Host', long('1.')],
    ['Host', `[${long(':')}`],
    ['Origin', `https://${long('a.')}@`],
    ['X-Forwarded-For', long('1.1.1.1, ')],
    ['X-Forwarded-For', `[${long('[')}`],
    ['Mcp-Session-Id', long('eyJ.')],
    ['Mcp-Session-Id', `${long('a')}.${'b'.repeat(100)}`],
    ['Last-Event-Id', long('0-')],
    ['Mcp-Name', `=?base64?${long('====')}?=`],
    ['Mcp-Protocol-Version', long('2026-')],
    ['Accept', long('*/ ')],
    ['traceparent', `00-${long('0')}`],
    ['Access-Control-Request-Headers', long('mcp-param-a,')],
  ])('%s', async (name, value) => {
    const answer = post(app.url, 'tools/call', { name: 'echo', arguments: { text: 'slow' } }, { [name]: value });
    // Host and Origin are set by nobody but this client.
    const sent = name === 'Host' ? sendRaw(app.url, rawPost([`${name}: ${value}`, length(CALL), LAST], CALL)) : answer;
    const start = process.cpuUsage();
    await Promise.all([sent, answer]);
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1000).toBeLessThan(500);
  });

  test.each([
    ['resources/read', { uri: `echo://${'%41'.repeat(600)}` }],
    ['resources/read', { uri: `echo://${'a'.repeat(100_000)}/` }],
    [
      'completion/complete',
      { ref: { type: 'ref/resource', uri: '{'.repeat(100_000) }, argument: { name: 'x', value: '' } },
    ],
    ['tools/list', { cursor: '-'.repeat(100_000) }],
    ['tools/call', { name: 'echo', arguments: { text: 'x' }, requestState: 'A'.repeat(100_000) }],
  ])('%s', async (method, params) => {
    const start = process.cpuUsage();
    await post(app.url, method, params, { 'mcp-name': 'x' });
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1000).toBeLessThan(500);
  });
});

describe('those who break off', () => {
  test('500 connections that are reset in the middle of a body leave nothing behind', async () => {
    for (let round = 0; round < 5; round += 1)
      await Promise.all(
        Array.from({ length: 100 }, async () => {
          const { socket, ended } = await openRaw(app.url);
          socket.write(rawPost([ACCEPT, length(CALL)], CALL.slice(0, 20)));
          await sleep(5);
          socket.resetAndDestroy();
          await ended;
        }),
      );
    await expect
      .poll(async () => (await fetch(`${app.healthUrl}/metrics`)).text())
      .toContain('mcp_server_requests_in_flight 0');
  });

  test('a thousand callers with one id each get their own answer', async () => {
    const texts = Array.from({ length: 1_000 }, (_, i) => `mine-${i}`);
    const answers = await Promise.all(
      texts.map(async (text) => (await post(app.url, 'tools/call', { name: 'echo', arguments: { text } })).text()),
    );
    expect(answers.filter((answer, i) => answer.includes(`"${texts[i]}"`))).toHaveLength(1_000);
  });
});
