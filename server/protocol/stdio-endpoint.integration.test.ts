/**
 * stdio within one process: the endpoint between two pipes, and a client that writes exactly what the test says.
 */
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { call, initialize, request } from './legacy/raw.testing.ts';
import { log, META, type Message, modern, openPipes, type Pipes } from './stdio/pipes.testing.ts';
import { createStdioEndpoint } from './stdio-endpoint.ts';
import { compileTable } from './table.ts';

let pipes: Pipes;
beforeEach(() => {
  pipes = openPipes();
});
afterEach(() => pipes.endpoint.close());

const write = (...messages: unknown[]): void => pipes.write(...messages);
const messages = (): Message[] => pipes.messages();
const answerTo = (id: unknown): Promise<Message> => pipes.answerTo(id);
const said = (method: string): Message[] => pipes.said(method);

describe('a connection', () => {
  test('speaks the old revisions when it begins with initialize, and no other from then on', async () => {
    write(initialize('2025-06-18'), { jsonrpc: '2.0', method: 'notifications/initialized' }, request(1, 'tools/list'));
    expect(await answerTo('init')).toMatchObject({
      result: { protocolVersion: '2025-06-18', capabilities: { resources: { subscribe: true }, logging: {} } },
    });
    expect(await answerTo(1)).toMatchObject({ result: { tools: expect.any(Array) as unknown[] } });
    write(modern(2, 'server/discover'));
    expect(await answerTo(2)).toMatchObject({ error: { code: -32601 } });
  });

  test('speaks the new revision when it begins with that, and no other from then on', async () => {
    write(modern(1, 'tools/list'), initialize());
    expect(await answerTo(1)).toMatchObject({ result: { resultType: 'complete', cacheScope: 'public' } });
    expect(await answerTo('init')).toMatchObject({ error: { code: -32022, data: { supported: ['2026-07-28'] } } });
    write(request(2, 'tools/list'));
    expect(await answerTo(2)).toMatchObject({ error: { code: -32602 } });
  });

  test('may ask for the revisions first and then speak an old one', async () => {
    write(modern(1, 'server/discover'), initialize(), request(2, 'ping'));
    expect(await answerTo(1)).toMatchObject({ result: { supportedVersions: ['2026-07-28'] } });
    expect(await answerTo('init')).toMatchObject({ result: { protocolVersion: '2025-11-25' } });
    expect(await answerTo(2)).toMatchObject({ result: {} });
  });

  test('is told which revision is spoken when it asks for one that is not', async () => {
    write(modern(1, 'tools/list', {}, '2030-01-01'));
    expect(await answerTo(1)).toMatchObject({ error: { code: -32022, data: { supported: ['2026-07-28'] } } });
  });

  test.each([
    ['of a revision that is not spoken', modern(1, 'tools/list', {}, '2027-01-01')],
    ['whose envelope is not whole', request(1, 'tools/list', { _meta: { [`${META}protocolVersion`]: '2026-07-28' } })],
    ['whose revision is no text', request(1, 'ping', { _meta: { [`${META}protocolVersion`]: 7 } })],
  ])('may fall back on an old revision after a request %s', async (_, refused) => {
    write(refused, initialize(), request(2, 'ping'));
    expect(await answerTo(1)).toHaveProperty('error');
    expect(await answerTo('init')).toMatchObject({ result: { protocolVersion: '2025-11-25' } });
    expect(await answerTo(2)).toMatchObject({ result: {} });
  });

  test('may still choose the new revision after a request that was refused', async () => {
    write(modern(1, 'tools/list', {}, '2027-01-01'), modern(2, 'tools/list'), initialize());
    expect(await answerTo(2)).toMatchObject({ result: { resultType: 'complete' } });
    expect(await answerTo('init')).toMatchObject({
      error: { code: -32022, data: { supported: ['2026-07-28'], requested: '2025-11-25' } },
    });
  });

  test('that begins with initialize speaks an old revision, whatever its envelope says', async () => {
    const { params, ...rest } = initialize();
    write({ ...rest, params: { ...params, _meta: { [`${META}protocolVersion`]: '2027-01-01' } } });
    expect(await answerTo('init')).toMatchObject({ result: { protocolVersion: '2025-11-25' } });
  });
});

describe('the old revisions', () => {
  beforeEach(() => write(initialize('2025-03-26', { elicitation: {} })));

  test('ask the client, and tell it of progress and changes', async () => {
    write(call(1, 'ask_name'));
    await expect.poll(() => said('elicitation/create').length).toBe(1);
    const [{ id } = {}] = said('elicitation/create');
    write({ jsonrpc: '2.0', id, result: { action: 'accept', content: { name: 'Eve' } } });
    expect(await answerTo(1)).toMatchObject({ result: { content: [{ text: 'Hello Eve' }] } });
    write(call(2, 'work', { ms: 1, steps: 2 }, { progressToken: 't' }));
    await answerTo(2);
    expect(said('notifications/progress').map(({ params }) => params)).toMatchObject([
      { progressToken: 't', progress: 1 },
      { progress: 2 },
    ]);
    write(request(3, 'resources/subscribe', { uri: 'talk://now' }), call(4, 'change', { uri: 'talk://now' }));
    await answerTo(4);
    expect(said('notifications/resources/updated')).toMatchObject([{ params: { uri: 'talk://now' } }]);
  });

  test('answer a batch with one array', async () => {
    write([request(1, 'ping'), { jsonrpc: '2.0', method: 'notifications/x' }, request(2, 'nope')]);
    await answerTo(2);
    expect(pipes.lines().filter((line) => line.startsWith('['))).toHaveLength(1);
    expect(await answerTo(1)).toMatchObject({ result: {} });
  });
});

describe.each([
  ['old', (id: number, name: string, given: object) => call(id, name, given)],
  ['new', (id: number, name: string, given: object) => modern(id, 'tools/call', { name, arguments: given })],
] as const)('in the %s revisions', (era, calling) => {
  beforeEach(() => {
    if (era === 'old') write(initialize());
  });

  test('a call that is taken back ends and is not answered', async () => {
    write(calling(1, 'work', { ms: 20_000 }));
    await expect.poll(() => pipes.seen).toContain('started');
    write({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
    await expect.poll(() => pipes.seen).toEqual(['started', 'aborted']);
    write(calling(2, 'log', {}));
    await answerTo(2);
    expect(messages().filter(({ id }) => id === 1)).toEqual([]);
  });

  test('arguments that are no object are an error of the protocol', async () => {
    write(calling(1, 'log', []), calling(2, 'log', null as never), calling(3, 'log', 'x' as never));
    for (const id of [1, 2, 3]) expect(await answerTo(id)).toMatchObject({ error: { code: -32602 } });
    expect(pipes.seen).toEqual([]);
  });

  test('calls under way are answered after the client has closed its end', async () => {
    write(calling(1, 'work', { ms: 60 }), calling(2, 'log', {}));
    pipes.input.end();
    await pipes.endpoint.ended;
    await pipes.endpoint.close();
    expect(messages().filter(({ id }) => id === 1 || id === 2)).toHaveLength(2);
    expect(pipes.seen).toEqual(['started', 'done']);
  });
});

test('subscriptions of the new revision hear of changes and end with a result', async () => {
  write(modern('s', 'subscriptions/listen', { notifications: { toolsListChanged: true } }));
  await expect.poll(() => said('notifications/subscriptions/acknowledged').length).toBe(1);
  pipes.bus.publish({ type: 'tools' });
  await expect.poll(() => said('notifications/tools/list_changed').length).toBe(1);
  await pipes.endpoint.close();
  expect(await answerTo('s')).toMatchObject({ result: { resultType: 'complete' } });
});

test('a message may come in any pieces', async () => {
  const bytes = Buffer.from(`${JSON.stringify(initialize())}\r\n${JSON.stringify(request('ü', 'ping'))}\n`);
  for (const byte of bytes) pipes.input.write(Buffer.from([byte]));
  expect(await answerTo('ü')).toMatchObject({ result: {} });
  expect(await answerTo('init')).toMatchObject({ result: {} });
});

test('a client that does not read its answers is not read either', async () => {
  const slow = new PassThrough({ highWaterMark: 1024 });
  const full = new PassThrough();
  const blocked = createStdioEndpoint({
    identity: { name: 'test', version: '1' },
    dispatch: { table: compileTable([]) } as never,
    bus: pipes.bus,
    log,
    input: full,
    output: slow,
  });
  full.write(`${JSON.stringify(initialize())}\n`);
  for (let i = 0; i < 20_000; i += 1) full.write(`${JSON.stringify(request(i, 'ping'))}\n`);
  await sleep(100);
  expect(slow.writableLength).toBeLessThan(1024 * 1024);
  expect(full.readableLength).toBeGreaterThan(0);
  let answers = '';
  slow.on('data', (chunk: Buffer) => (answers += chunk.toString()));
  await expect.poll(() => answers.split('\n').length - 1, { timeout: 10_000 }).toBe(20_001);
  expect(answers).not.toContain('"error"');
  await blocked.close();
});

test('more requests at once than there is room for are refused, and those under way are answered', async () => {
  write(initialize());
  for (let i = 0; i < 257; i += 1) write(call(i, 'work', { ms: 200 }));
  expect(await answerTo(256)).toMatchObject({
    error: { message: expect.stringMatching(/^Too many requests/) as string },
  });
  expect(await answerTo(0)).toMatchObject({ result: {} });
  await expect.poll(() => messages().filter(({ result }) => result !== undefined).length).toBe(257);
});
