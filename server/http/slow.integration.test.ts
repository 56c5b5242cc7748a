/**
 * Clients that send slowly or not at all, with the front's times made short.
 */
import type { Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silent } from '../store/databases.testing.ts';
import { sendText } from './answer.ts';
import { createGuard } from './guard.ts';
import { InFlight } from './in-flight.ts';
import { listen, stopListening } from './listen.ts';
import { createMcpServer, type McpListenerOptions } from './listener.ts';
import { openRaw, rawPost, sendRaw } from './raw.testing.ts';

const TIMES = { headersTimeout: 1_000, requestTimeout: 1_500, connectionsCheckingInterval: 50 };
const MAX_CONNECTIONS = 300;
const BODY = '{"jsonrpc":"2.0"}';

let server: Server;
let url: string;
const refused: string[] = [];
const inFlight = new InFlight(8);
const options: McpListenerOptions = {
  path: '/mcp',
  guard: createGuard({ allowedHosts: ['localhost'], allowedOrigins: [] }),
  authenticator: { authenticate: () => ({ ok: true, caller: { id: 'anonymous' } }), handle: () => false },
  endpoint: { handle: (_request, response) => sendText(response, 200, '{}') },
  maxBodyBytes: 1_000,
  maxConnections: MAX_CONNECTIONS,
  inFlight,
  metrics: { refused: (reason) => void refused.push(reason) },
  log: silent,
  times: TIMES,
  draining: () => false,
};
beforeAll(async () => {
  server = createMcpServer(options);
  url = `http://127.0.0.1:${await listen(server, { host: '127.0.0.1', port: 0 })}/mcp`;
});
afterAll(() => stopListening(server, 0));

/** Sends a byte now and then until the connection ends; how long that took. */
async function trickle(text: string): Promise<{ answer: string; ms: number }> {
  const start = performance.now();
  const { socket, ended } = await openRaw(url);
  let over = false;
  void ended.then(() => (over = true));
  for (const byte of text) {
    if (over) break;
    socket.write(byte);
    await sleep(50);
  }
  return { answer: await ended, ms: performance.now() - start };
}

test('a server has times of its own', () => {
  const made = createMcpServer({ ...options, times: {} });
  expect([made.headersTimeout, made.requestTimeout]).toEqual([10_000, 60_000]);
});

test('headers that come byte by byte are given up', async () => {
  const { answer, ms } = await trickle(rawPost([`X-A: ${'a'.repeat(1_000)}`]));
  expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*"jsonrpc":"2.0"/);
  expect(ms).toBeLessThan(5_000);
});

test('a body that comes byte by byte is given up, and counts as in flight no longer', async () => {
  const { socket, ended } = await openRaw(url);
  const start = performance.now();
  socket.write(rawPost(['Content-Length: 1000']));
  await expect.poll(() => inFlight.count).toBe(1);
  const timer = setInterval(() => socket.write('x'), 50);
  expect(await ended).toMatch(/^HTTP\/1\.1 408 /);
  clearInterval(timer);
  expect(performance.now() - start).toBeLessThan(5_000);
  await expect.poll(() => inFlight.count).toBe(0);
});

test('more bodies under way than there is room for: the next is told when to come back', async () => {
  const waiting = await Promise.all(Array.from({ length: 8 }, () => openRaw(url)));
  for (const { socket } of waiting) socket.write(rawPost(['Content-Length: 1000']));
  await expect.poll(() => inFlight.count).toBe(8);
  const late = await sendRaw(url, rawPost(['Content-Length: 17', 'Connection: close'], BODY));
  expect(late).toMatch(/^HTTP\/1\.1 503 [\s\S]*retry-after: 1\r\n[\s\S]*"data":\{"retryAfterMs":\d{3,4}\}/);
  expect(refused).toContain('in_flight');
  for (const { socket } of waiting) socket.destroy();
  await expect.poll(() => inFlight.count).toBe(0);
  expect(await sendRaw(url, rawPost(['Content-Length: 17', 'Connection: close'], BODY))).toMatch(/^HTTP\/1\.1 200 /);
});

test('connections that say nothing are closed, those beyond the limit at once, and others are served meanwhile', async () => {
  const idle = await Promise.all(Array.from({ length: MAX_CONNECTIONS - 1 }, () => openRaw(url)));
  expect(await sendRaw(url, rawPost(['Content-Length: 17', 'Connection: close'], BODY))).toMatch(/^HTTP\/1\.1 200 /);
  const more = await Promise.all(Array.from({ length: 50 }, () => openRaw(url)));
  await Promise.all(more.slice(1).map(({ ended }) => ended));
  expect(refused).toContain('connections');
  const answers = await Promise.all(idle.map(({ ended }) => ended));
  expect(answers.every((answer) => answer === '' || answer.startsWith('HTTP/1.1 408'))).toBe(true);
});
