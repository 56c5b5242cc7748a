/**
 * Connections of lasting streams over real sockets: that node:http lets go of them on this Node, and what their clients
 * see of that, which is nothing.
 */
import { createServer, get, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { type EventStream, openEventStream } from './event-stream.ts';
import { allowHandOver } from './hand-over.ts';
import { listen, stopListening } from './listen.ts';
import { createTimerWheel } from './timer-wheel.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

interface Opened {
  readonly stream: EventStream;
  readonly socket: Socket;
}

interface Streams {
  readonly port: number;
  readonly server: Server;
  /** The next stream that a client opens with `/stream`; any other path is answered with its name. */
  readonly next: () => Promise<Opened>;
}

async function serve({
  allowed = true,
  maxBuffered,
}: {
  allowed?: boolean;
  maxBuffered?: number;
} = {}): Promise<Streams> {
  const wheel = createTimerWheel({ periodMs: 60_000 });
  let opened = Promise.withResolvers<Opened>();
  const server = createServer((received: IncomingMessage, response: ServerResponse) => {
    received.resume().on('end', () => {
      if (received.url !== '/stream') return response.end(received.url);
      const { socket } = received;
      return opened.resolve({
        stream: openEventStream(response, { wheel, lasting: true, ...(maxBuffered && { maxBuffered }) }),
        socket,
      });
    });
  });
  if (allowed) allowHandOver(server);
  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  undo.push(
    () => wheel.close(),
    () => stopListening(server, 0),
  );
  return {
    port,
    server,
    next: async () => {
      const next = await opened.promise;
      opened = Promise.withResolvers();
      return next;
    },
  };
}

const open = (port: number, headers: Record<string, string> = {}): Promise<IncomingMessage> =>
  new Promise((resolve, reject) =>
    get({ host: '127.0.0.1', port, path: '/stream', headers }, resolve).on('error', reject),
  );

/** What node:http keeps for the requests of a connection. */
const parserOf = (socket: Socket): unknown => (socket as { parser?: unknown }).parser ?? undefined;
const turn = (): Promise<void> => new Promise(setImmediate);
const letGo = (socket: Socket) => expect.poll(() => parserOf(socket)).toBeUndefined();

test('node:http lets go of the connection of a lasting stream, and its reader gets every event whole', async () => {
  const { port, next } = await serve();
  const read = await open(port);
  const { stream, socket } = await next();
  expect(stream.send('before')).toBe(true);
  await letGo(socket);
  expect(stream.send('after')).toBe(true);
  expect(stream.send('größer – 日本語')).toBe(true);
  expect(stream.send('two\nlines', '0-1')).toBe(true);
  stream.end();
  expect(read.headers).toMatchObject({ connection: 'close', 'transfer-encoding': 'chunked' });
  expect(await text(read)).toBe(
    'event: message\ndata: before\n\n' +
      'event: message\ndata: after\n\n' +
      'event: message\ndata: größer – 日本語\n\n' +
      'event: message\nid: 0-1\ndata: two\ndata: lines\n\n',
  );
  expect(read.complete).toBe(true);
  await expect.poll(() => socket.destroyed).toBe(true);
});

test('a client that closes its connection, or half of it, ends the stream', async () => {
  const { port, next } = await serve();
  for (const leave of [(client: Socket) => client.destroy(), (client: Socket) => client.end()]) {
    const client = connect(port, '127.0.0.1').resume();
    client.on('error', () => undefined).write('GET /stream HTTP/1.1\r\nhost: x\r\n\r\n');
    const { stream, socket } = await next();
    await letGo(socket);
    let closed = 0;
    stream.whenClosed(() => (closed += 1));
    leave(client);
    await expect.poll(() => closed).toBe(1);
    expect(stream.send('late')).toBe(false);
  }
});

test('a reader that stops reading is cut at the bound, and can be waited for until then', async () => {
  const { port, next } = await serve();
  const read = await open(port);
  read.on('error', () => undefined).pause();
  const { stream, socket } = await next();
  await letGo(socket);
  const event = 'x'.repeat(64 * 1024);
  while (!socket.writableNeedDrain) stream.send(event);
  let drained = false;
  const waiting = stream.drained().then(() => (drained = true));
  await turn();
  expect(drained).toBe(false);
  while (stream.send(event)) await turn();
  expect(socket.destroyed).toBe(true);
  await waiting;
});

test('who offers to upgrade gets an ordinary answer', async () => {
  const { port } = await serve();
  const headers = { connection: 'Upgrade', upgrade: 'h2c' };
  const answer = await new Promise<IncomingMessage>((resolve) =>
    get({ host: '127.0.0.1', port, path: '/plain', headers }, resolve),
  );
  expect(await text(answer)).toBe('/plain');
});

test('a request that was sent behind that of the stream leaves the connection as it is', async () => {
  const { port, next } = await serve();
  const client = connect(port, '127.0.0.1');
  client.write('GET /stream HTTP/1.1\r\nhost: x\r\n\r\nGET /second HTTP/1.1\r\nhost: x\r\n\r\n');
  const seen = text(client);
  const { stream, socket } = await next();
  for (let turns = 0; turns < 10; turns += 1) await turn();
  expect(parserOf(socket)).toBeDefined();
  expect(stream.send('one')).toBe(true);
  stream.end();
  expect(await seen).toContain('data: one\n\n\r\n0\r\n\r\n');
});

test.each([
  ['an older client without chunks', 'GET /stream HTTP/1.0\r\n\r\n', 'event: message\ndata: one\n\n'],
  [
    'a client that announces its last request',
    'GET /stream HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    '1a\r\nevent: message\ndata: one\n\n\r\n0\r\n\r\n',
  ],
])('%s is served alike', async (_name, head, body) => {
  const { port, next } = await serve();
  const client = connect(port, '127.0.0.1');
  client.write(head);
  const seen = text(client);
  const { stream, socket } = await next();
  await letGo(socket);
  stream.send('one');
  stream.end();
  const [, got] = (await seen).split(/\r\n\r\n(.*)/s);
  expect(got).toBe(body);
});

test('a body in pieces before, and a server that does not allow it, change nothing', async () => {
  const { port, next } = await serve({ allowed: false });
  const posted = request({ host: '127.0.0.1', port, path: '/stream', method: 'POST' });
  const answered = new Promise<IncomingMessage>((resolve) => posted.on('response', resolve));
  posted.write('one');
  posted.end('two');
  const { stream, socket } = await next();
  for (let turns = 0; turns < 10; turns += 1) await turn();
  expect(parserOf(socket)).toBeDefined();
  stream.send('event');
  stream.end();
  expect(await text(await answered)).toBe('event: message\ndata: event\n\n');
});

test('a server that stops cuts connections that were handed over', async () => {
  const { port, server, next } = await serve();
  const read = await open(port);
  const ended = text(read).catch(() => 'cut');
  const { socket } = await next();
  await letGo(socket);
  await stopListening(server, 10);
  expect(await ended).toBe('cut');
});
