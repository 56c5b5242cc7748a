import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { endWithTurn } from './end-of-turn.ts';
import { createServer } from './node-http.ts';

// Only the clock stands still.
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

/** Asks on `count` connections, answers all in one turn, and gives the answers and how many had left when each was made. */
async function answered(count: number, work: (at: number) => void): Promise<{ texts: string[]; left: number[] }> {
  const responses: ServerResponse[] = [];
  const left: number[] = [];
  const server = createServer((_, response) => {
    responses.push(response);
    if (responses.length < count) return;
    for (const [at, each] of responses.entries()) {
      work(at);
      const text = `answer ${at}`;
      each.writeHead(200, { 'content-length': text.length });
      endWithTurn(each, text, 'latin1');
      left.push(responses.filter(({ writableEnded }) => writableEnded).length);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const texts = await Promise.all(
    Array.from({ length: count }, async () => {
      const response = await fetch(`http://127.0.0.1:${port}/`);
      return response.text();
    }),
  );
  server.close();
  server.closeAllConnections();
  return { texts, left };
}

test('answers of one turn leave when it ends, each on its own connection', async () => {
  const { texts, left } = await answered(5, () => undefined);
  expect(texts.toSorted()).toEqual(['answer 0', 'answer 1', 'answer 2', 'answer 3', 'answer 4']);
  expect(left).toEqual([0, 0, 0, 0, 0]);
});

test('answers do not wait for others that take long', async () => {
  const { texts, left } = await answered(3, (at) => {
    if (at > 0) vi.advanceTimersByTime(5);
  });
  expect(texts).toHaveLength(3);
  expect(left).toEqual([0, 2, 2]);
});

test('an answer to somebody who has gone harms no other', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/gone') request.socket.destroy();
    response.writeHead(200, { 'content-length': 2 });
    endWithTurn(response, 'ok', 'latin1');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const gone = connect(port, '127.0.0.1');
  gone.write('GET /gone HTTP/1.1\r\nhost: a\r\n\r\n');
  const response = await fetch(`http://127.0.0.1:${port}/`);
  expect(await response.text()).toBe('ok');
  if (!gone.closed) await once(gone, 'close');
  server.close();
  server.closeAllConnections();
});
