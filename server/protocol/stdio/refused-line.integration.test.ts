/**
 * Lines that stdio's endpoint does not take, by a client that writes exactly what the test says.
 */
import { parseJSONRPCMessage } from '@modelcontextprotocol/client';
import { JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { call, initialize, request } from '../legacy/raw.testing.ts';
import { type Message, modern, openPipes, type Pipes } from './pipes.testing.ts';

let pipes: Pipes;
beforeEach(() => {
  pipes = openPipes();
});
afterEach(() => pipes.endpoint.close());

const write = (...messages: unknown[]): void => pipes.write(...messages);
const messages = (): Message[] => pipes.messages();
const answerTo = (id: unknown): Promise<Message> => pipes.answerTo(id);
/** Throws where one of the official clients would not take it for a message. */
const readByClients = (message: Message): Message => (
  JSONRPCMessageSchema.parse(message), parseJSONRPCMessage(message)
);

describe.each([
  ['old', (id: number) => call(id, 'log')],
  ['new', (id: number) => modern(id, 'tools/call', { name: 'log', arguments: {} })],
] as const)('in the %s revisions', (era, calling) => {
  beforeEach(() => {
    if (era === 'old') write(initialize());
  });

  test('what is no message does no harm, and its client is told', async () => {
    pipes.input.write('this is not JSON\n\n{"jsonrpc":"2.0"}\n7\n[]\n');
    pipes.input.write(`${'['.repeat(10_000)}\n`);
    pipes.input.write(`{"a":"${'x'.repeat(5 * 1024 * 1024)}"}\n`);
    pipes.input.write(Buffer.from([0x22, 0xff, 0x22, 0x0a]));
    write({ jsonrpc: '2.0', id: 1.5, method: 'ping' }, { jsonrpc: '2.0', id: 9, method: 7 }, calling(1));
    expect(await answerTo(1)).toMatchObject({ result: {} });
    expect(await answerTo(9)).toMatchObject({ error: { code: -32600 } });
    const nameless = messages().filter((message) => !('id' in message));
    expect(nameless.map(({ error }) => (error as { code: number }).code)).toEqual([
      -32700, -32600, -32600, -32600, -32600, -32600, -32700, -32600,
    ]);
    expect(messages().every((message) => !('id' in message) || [1, 9, 'init'].includes(message['id'] as never))).toBe(
      true,
    );
    expect(messages().map(readByClients)).toEqual(messages());
  });

  test('a request on a line that is refused gets its answer', async () => {
    const deep = `${'['.repeat(70)}${']'.repeat(70)}`;
    pipes.input.write(`{"jsonrpc":"2.0","id":"deep","method":"ping","params":{"a":${deep}}}\n`);
    pipes.input.write('{"jsonrpc":"2.0","id":"twice","method":"ping","params":{"a":1,"a":2}}\n');
    pipes.input.write('{"jsonrpc":"2.0","id":"half","method":"ping","params":{"a":"\\ud800"}}\n');
    write([request('one', 'ping'), { jsonrpc: '2.0', method: 'notifications/x' }, request('two', 'ping')]);
    write(calling(1));
    await answerTo(1);
    const codes = messages().flatMap(({ id, error }) => (error ? [[id, (error as { code: number }).code]] : []));
    expect(codes).toEqual([
      ['deep', -32600],
      ['twice', -32700],
      ['half', -32700],
      ['one', -32600],
      ['two', -32600],
    ]);
  });

  test('an answer or a notification on a line that is refused is no request', async () => {
    pipes.input.write('{"jsonrpc":"2.0","id":7,"result":{"a":1,"a":2}}\n{"jsonrpc":"2.0","method":"x","a":1,"a":2}\n');
    write(calling(1));
    await answerTo(1);
    expect(messages().filter(({ id }) => id === 7)).toEqual([]);
    expect(messages().filter((message) => !('id' in message))).toHaveLength(2);
  });
});

test('a revision whose errors all have an id is told of nothing without one', async () => {
  write(initialize('2025-03-26'));
  await answerTo('init');
  pipes.input.write('this is not JSON\n');
  write(
    Array.from({ length: 65 }, (_, id) => request(id, 'ping')),
    [],
  );
  write(request('after', 'ping'));
  await answerTo('after');
  expect(messages().every((message) => 'id' in message)).toBe(true);
  expect(messages().filter(({ error }) => error)).toHaveLength(65);
});
