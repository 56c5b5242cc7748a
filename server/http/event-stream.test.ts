/**
 * Event streams over real connections: what readers see, what proxies see, and what becomes of readers that stop.
 */

import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type EventStream, type EventStreamOptions, inSlices, openEventStream } from './event-stream.ts';
import { listen, stopListening } from './listen.ts';
import { createTimerWheel } from './timer-wheel.ts';
import { turnsDuring } from './turns.testing.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

const wheel = (periodMs = 60_000) => {
  const made = createTimerWheel({ periodMs, slots: 4 });
  undo.push(() => made.close());
  return made;
};

/** The two ends of one stream. */
async function streamed(
  options: EventStreamOptions,
): Promise<{ stream: EventStream; response: ServerResponse; read: IncomingMessage }> {
  const opened = Promise.withResolvers<{ stream: EventStream; response: ServerResponse }>();
  const server = createServer((_request, response) =>
    opened.resolve({ response, stream: openEventStream(response, options) }),
  );
  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  const read = await new Promise<IncomingMessage>((resolve) => get({ host: '127.0.0.1', port }, resolve));
  undo.push(() => stopListening(server, 0));
  undo.push(() => read.destroy());
  return { ...(await opened.promise), read };
}

async function textOf(read: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of read.setEncoding('utf8')) text += chunk as string;
  return text;
}

test('a reader gets each event as it was sent, in order, and then the end', async () => {
  const { stream, read } = await streamed({ wheel: wheel(), headers: { 'x-more': 'yes' } });
  expect(read.headers).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    'x-more': 'yes',
  });
  expect(stream.prime('0-0', 500)).toBe(true);
  expect(stream.send('{"a":1}')).toBe(true);
  expect(stream.send('two\nlines', '0-1')).toBe(true);
  stream.end();
  expect(stream.closed).toBe(true);
  expect(stream.send('late')).toBe(false);
  expect(await textOf(read)).toBe(
    'id: 0-0\nretry: 500\ndata:\n\n' +
      'event: message\ndata: {"a":1}\n\n' +
      'event: message\nid: 0-1\ndata: two\ndata: lines\n\n',
  );
});

test('headers come before the first event', async () => {
  const { read } = await streamed({ wheel: wheel() });
  expect(read.statusCode).toBe(200);
});

test('an answer to a body holds its first bytes back for a moment, and for no longer than it takes itself', async () => {
  const ends: ((stream: EventStream) => void)[] = [
    (stream) => stream.send('later'),
    (stream) => {
      stream.send('now');
      stream.end();
    },
  ];
  const server = createServer((request, response) =>
    request.resume().on('end', () => {
      ends.shift()?.(openEventStream(response, { wheel: wheel() }));
    }),
  );
  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  undo.push(() => stopListening(server, 0));
  const post = async (): Promise<{ readonly ms: number; readonly first: string }> => {
    const client = connect(port, '127.0.0.1');
    undo.push(() => client.destroy());
    await once(client, 'connect');
    client.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}');
    const began = performance.now();
    const [first] = (await once(client, 'data')) as [Buffer];
    return { ms: performance.now() - began, first: first.toString() };
  };
  const open = await post();
  expect(open.ms).toBeGreaterThan(8);
  expect(open.first).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*data: later\n\n/);
  expect((await post()).first).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*data: now\n\n[\s\S]*0\r\n\r\n$/);
});

test('an idle stream carries comments, and leaves the wheel when its reader goes', async () => {
  const beat = wheel(40);
  const { read, stream } = await streamed({ wheel: beat });
  const first = await new Promise<Buffer>((resolve) => read.once('data', resolve));
  expect(first.toString()).toBe(':\n\n');
  expect(beat.size).toBe(1);
  read.destroy();
  await expect.poll(() => beat.size).toBe(0);
  expect(stream.closed).toBe(true);
});

test('a reader that stops reading is cut at the bound, and one that reads gets everything', async () => {
  const maxBuffered = 256 * 1024;
  const event = 'x'.repeat(64 * 1024);
  const lazy = await streamed({ wheel: wheel() });
  lazy.read.on('error', () => undefined).pause();
  let most = 0;
  while (lazy.stream.send(event)) {
    most = Math.max(most, lazy.response.writableLength);
    await new Promise(setImmediate);
  }
  expect(lazy.stream.closed).toBe(true);
  expect(lazy.response.destroyed).toBe(true);
  expect(most).toBeLessThanOrEqual(maxBuffered + 2 * event.length);

  const eager = await streamed({ wheel: wheel(), maxBuffered });
  const seen = textOf(eager.read);
  for (let i = 0; i < 200; i += 1) {
    if (eager.response.writableLength > maxBuffered / 2)
      await new Promise((resolve) => eager.response.once('drain', resolve));
    expect(eager.stream.send(event)).toBe(true);
  }
  eager.stream.end();
  expect((await seen).length).toBeGreaterThan(200 * event.length);
});

test('one event larger than the bound reaches its reader', async () => {
  const { stream, read } = await streamed({ wheel: wheel(), maxBuffered: 1024 });
  const large = 'y'.repeat(1_000_000);
  stream.send(large);
  stream.end();
  expect(await textOf(read)).toContain(large);
});

test('work in slices lets other work through', async () => {
  const done: number[] = [];
  const turns = await turnsDuring(() => inSlices(Array.from({ length: 1000 }).keys(), (i) => done.push(i), 100));
  expect(done).toEqual([...Array.from({ length: 1000 }).keys()]);
  expect(turns).toBeGreaterThanOrEqual(9);
});
