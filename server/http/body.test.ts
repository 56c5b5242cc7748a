/**
 * Bodies over real sockets, however they are cut to pieces and whenever somebody begins to read: that each comes whole
 * and once, that its connection goes on, and that nothing of it stays.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, test } from 'vitest';
import { type Body, discardBody, IncomingRequest, readBody, receiveBody } from './body.ts';
import { listen, stopListening } from './listen.ts';
import { createServer } from './node-http.ts';
import { openRaw, rawPost, sendRaw } from './raw.testing.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

const MAX = 1_000_000;

type Read = (request: IncomingRequest, done: (body: Body | 'Aborted') => void) => unknown;

const now: Read = (request, done) => receiveBody(request, MAX, done);
const later: Read = (request, done) => void sleep(50).then(() => receiveBody(request, MAX, done));

/** Answers each request with what `read` makes of its body; `bodies` are all that were read. */
async function serve(read: Read) {
  const bodies: string[] = [];
  const requests: WeakRef<IncomingRequest>[] = [];
  const server = createServer({ IncomingMessage: IncomingRequest }, (request, response) => {
    requests.push(new WeakRef(request));
    read(request, (body) => {
      const text = body.toString('latin1');
      bodies.push(text);
      response.end(`<${text.length > 20 ? text.length : text}>`);
      if (body === 'TooLarge') discardBody(request);
    });
  });
  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  undo.push(() => stopListening(server, 0));
  return { url: `http://127.0.0.1:${port}/mcp`, bodies, requests };
}

const LAST = 'Connection: close';
const length = (body: string): string => `Content-Length: ${body.length}`;
const CHUNKED = 'Transfer-Encoding: chunked';
const answers = (text: string): string[] => text.match(/<[^>]*>/g) ?? [];

describe.each([
  ['at once', now],
  ['when some of it is there already', later],
])('a body that is read %s', (_when, read) => {
  test.each([
    ['with its length', rawPost([length('hello'), LAST], 'hello'), 'hello'],
    ['in chunks', rawPost([CHUNKED, LAST], '3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n'), 'hello'],
    ['empty, with its length', rawPost([length(''), LAST]), ''],
    ['empty, in chunks', rawPost([CHUNKED, LAST], '0\r\n\r\n'), ''],
    ['without any', rawPost([LAST]), ''],
  ])('comes whole: %s', async (_name, bytes, body) => {
    const { url, bodies } = await serve(read);
    expect(answers(await sendRaw(url, bytes))).toEqual([`<${body}>`]);
    expect(bodies).toEqual([body]);
  });

  test('comes whole in pieces far apart, and so does the next one behind it', async () => {
    const { url, bodies } = await serve(read);
    const { socket, ended } = await openRaw(url);
    for (const piece of [rawPost([length('hello')], 'he'), 'l', `lo${rawPost([length('you'), LAST], 'y')}`, 'ou']) {
      socket.write(piece);
      await sleep(20);
    }
    expect(answers(await ended)).toEqual(['<hello>', '<you>']);
    expect(bodies).toEqual(['hello', 'you']);
  });

  test('comes whole when it is larger than what a stream would keep', async () => {
    const { url, bodies } = await serve(read);
    const large = 'x'.repeat(900_000);
    expect(answers(await sendRaw(url, rawPost([length(large), LAST], large)))).toEqual(['<900000>']);
    expect(bodies[0] === large).toBe(true);
  });

  test.each([
    ['with its length', (body: string) => rawPost([length(body)], body)],
    ['in chunks', (body: string) => rawPost([CHUNKED], `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`)],
  ])('is refused once it is too large, and the connection goes on: %s', async (_name, post) => {
    const { url, bodies } = await serve(read);
    const { socket, ended } = await openRaw(url);
    socket.write(post('x'.repeat(2 * MAX)));
    socket.write(rawPost([length('next'), LAST], 'next'));
    expect(answers(await ended)).toEqual(['<TooLarge>', '<next>']);
    expect(bodies).toEqual(['TooLarge', 'next']);
  });

  test('never comes where the client goes away before its end', async () => {
    const { url, bodies } = await serve(read);
    const { socket, ended } = await openRaw(url);
    socket.end(rawPost([length('hello')], 'hell'));
    await ended;
    await sleep(100);
    expect(bodies).toEqual([]);
  });
});

test('who waits for a body hears that its client has gone', async () => {
  const { url, bodies } = await serve(async (request, done) => done(await readBody(request, MAX)));
  const { socket } = await openRaw(url);
  socket.end(rawPost([length('hello')], 'hell'));
  await expect.poll(() => bodies).toEqual(['Aborted']);
});

test('an idle connection keeps nothing of the request that it brought', async () => {
  const { url, requests } = await serve(now);
  const { socket, received } = await openRaw(url);
  socket.write(rawPost([length('hello')], 'hello'));
  await expect.poll(() => answers(received())).toEqual(['<hello>']);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await expect
    .poll(() => {
      collect();
      return requests[0]?.deref();
    })
    .toBeUndefined();
  socket.destroy();
});
