/**
 * Clients that call and do not read what they are answered, with the limits made short. Others must not suffer for long.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silent } from '../store/databases.testing.ts';
import { sendText } from './answer.ts';
import { createGuard } from './guard.ts';
import { InFlight } from './in-flight.ts';
import { listen, stopListening } from './listen.ts';
import { createMcpServer } from './listener.ts';
import { openRaw, rawPost } from './raw.testing.ts';

const MAX_IN_FLIGHT = 4;
const LARGE = 'x'.repeat(16 * 1024 * 1024);
const unread = { lookMs: 50, graceMs: 500, bytesPerSecond: 4 * 1024 * 1024 };

const inFlight = new InFlight(MAX_IN_FLIGHT);
const server = createMcpServer({
  path: '/mcp',
  guard: createGuard({ allowedHosts: ['localhost'], allowedOrigins: [] }),
  authenticator: { authenticate: () => ({ ok: true, caller: { id: 'anonymous' } }), handle: () => false },
  endpoint: {
    async handle(_request, response, body) {
      const { size = 0, ms = 0 } = body as { size?: number; ms?: number };
      await sleep(ms);
      sendText(response, 200, size > 0 ? LARGE.slice(0, size) : '{}');
    },
  },
  maxBodyBytes: 1_000,
  maxConnections: 100,
  inFlight,
  metrics: { refused: () => undefined },
  log: silent,
  unread,
  draining: () => false,
});
let url: string;
beforeAll(async () => {
  url = `http://127.0.0.1:${await listen(server, { host: '127.0.0.1', port: 0 })}/mcp`;
});
afterAll(() => stopListening(server, 0));

const post = (body: object): string => {
  const text = JSON.stringify(body);
  return rawPost([`Content-Length: ${text.length}`], text);
};

test.each([
  ['one large answer each', post({ size: LARGE.length }), MAX_IN_FLIGHT],
  ['many answers in a row', post({ size: 8 * 1024 * 1024 }).repeat(MAX_IN_FLIGHT), 1],
])('who does not read is cut, and gives the places to others: %s', async (_name, bytes, connections) => {
  const lazy = await Promise.all(Array.from({ length: connections }, () => openRaw(url)));
  for (const { socket } of lazy) {
    socket.pause();
    socket.write(bytes);
  }
  await expect.poll(() => inFlight.count, { interval: 5 }).toBe(MAX_IN_FLIGHT);
  await expect.poll(() => inFlight.count, { timeout: 10_000 }).toBe(0);
  for (const { socket } of lazy) socket.destroy();
});

test('who takes longer for a large answer than anybody has for a small one gets everything', async () => {
  const { socket, received } = await openRaw(url);
  socket.pause();
  socket.write(post({ size: LARGE.length }));
  await sleep(2 * unread.graceMs);
  socket.resume();
  await expect.poll(() => received().length, { timeout: 5_000 }).toBeGreaterThan(LARGE.length);
  expect(socket.destroyed).toBe(false);
  socket.destroy();
});

test('who waits for a long call is not meant', async () => {
  const { socket, received } = await openRaw(url);
  socket.write(post({ ms: 1_500 }));
  await expect.poll(received, { timeout: 5_000 }).toContain('200 OK');
  socket.destroy();
});
