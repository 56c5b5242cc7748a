/** Who hears of which changes, and how it ends. Plain HTTP against a real server. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { everything } from '../../toolsets/everything/toolset.ts';
import { post } from '../clients.testing.ts';
import { echoToolset } from '../echo.testing.ts';
import { type Listening, listenAt } from './listening.testing.ts';
import { serveModern, type TestServer } from './server.testing.ts';

const ID = 'io.modelcontextprotocol/subscriptionId';
const WATCHED = 'test://watched-resource';
const TOOLS = { toolsListChanged: true };
const CHANGED = 'notifications/tools/list_changed';
let server: TestServer;
beforeEach(async () => {
  server = await serveModern(everything, await everything.open({} as never), { maxSubscriptions: 2 });
});
afterEach(() => server.close());

const listen = (notifications: object, url = server.url): Promise<Listening> => listenAt(url, notifications);

const methods = ({ messages }: Listening): unknown[] => messages.map(({ method }) => method);

test('the first message acknowledges what can come, and each message carries the id of its request', async () => {
  const listener = await listen({
    toolsListChanged: true,
    resourcesListChanged: true,
    resourceSubscriptions: [WATCHED, WATCHED],
  });
  server.bus.publish({ type: 'tools' });
  server.bus.publish({ type: 'resource', uri: WATCHED });
  await expect.poll(() => listener.messages.length).toBe(3);
  expect(listener.messages).toEqual([
    {
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: { toolsListChanged: true, resourceSubscriptions: [WATCHED] }, _meta: { [ID]: 1 } },
    },
    { jsonrpc: '2.0', method: 'notifications/tools/list_changed', params: { _meta: { [ID]: 1 } } },
    { jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri: WATCHED, _meta: { [ID]: 1 } } },
  ]);
});

test('nobody hears what was not asked for', async () => {
  const [tools, prompts] = [await listen({ toolsListChanged: true }), await listen({ promptsListChanged: true })];
  server.bus.publish({ type: 'resource', uri: WATCHED });
  server.bus.publish({ type: 'prompts' });
  server.bus.publish({ type: 'tools' });
  await expect.poll(() => [tools.messages.length, prompts.messages.length]).toEqual([2, 2]);
  expect(methods(tools)[1]).toBe('notifications/tools/list_changed');
  expect(methods(prompts)[1]).toBe('notifications/prompts/list_changed');
});

test('the same change many times in one turn is told once; lost events are told as everything that was asked for', async () => {
  const listener = await listen({ toolsListChanged: true, resourceSubscriptions: [WATCHED, 'test://other'] });
  for (let i = 0; i < 100; i += 1) server.bus.publish({ type: 'tools' });
  await expect.poll(() => listener.messages.length).toBe(2);
  server.bus.publish({ type: 'all' });
  await expect.poll(() => listener.messages.length).toBe(5);
  expect(methods(listener).slice(2)).toEqual([
    'notifications/tools/list_changed',
    'notifications/resources/updated',
    'notifications/resources/updated',
  ]);
});

test('a tool that publishes reaches subscribers', async () => {
  const listener = await listen({ promptsListChanged: true });
  await post(server.url, 'tools/call', { name: 'test_trigger_prompt_change', arguments: {} });
  await expect.poll(() => methods(listener)[1]).toBe('notifications/prompts/list_changed');
});

test('beyond the limit a subscription is refused, and one that ended makes room', async () => {
  const [first] = [await listen({ toolsListChanged: true }), await listen({ toolsListChanged: true })];
  const refused = await post(server.url, 'subscriptions/listen', { notifications: { toolsListChanged: true } });
  expect(await refused.json()).toMatchObject({
    id: 1,
    error: { code: -32603, message: expect.stringContaining('limit') as string },
  });
  first.leave();
  await expect.poll(() => server.endpoint.subscriptions).toBe(1);
  await listen({ toolsListChanged: true });
});

test('a server that closes ends each subscription with a result, and later ones at once', async () => {
  const listener = await listen({ toolsListChanged: true });
  await server.endpoint.close();
  await listener.ended;
  expect(listener.messages.at(-1)).toMatchObject({ id: 1, result: { resultType: 'complete', _meta: { [ID]: 1 } } });
  const late = await listen({ toolsListChanged: true });
  await late.ended;
  expect(late.messages).toHaveLength(2);
});

test('many who are let go end one after the other over the whole time, and hear of changes until then', async () => {
  const many = 40;
  const windowMs = 400;
  const crowded = await serveModern(everything, await everything.open({} as never), {
    maxSubscriptions: many,
    endMs: (count) => (count / many) * windowMs,
  });
  const listeners = await Promise.all(Array.from({ length: many }, () => listen(TOOLS, crowded.url)));
  const began = performance.now();
  const ends = Promise.all(listeners.map(({ ended }) => ended.then(() => performance.now() - began)));
  const closed = crowded.endpoint.close();
  crowded.bus.publish({ type: 'tools' });
  const times = (await ends).toSorted((a, b) => a - b);
  await closed;
  expect(crowded.endpoint.subscriptions).toBe(0);
  expect(times.at(-1)).toBeLessThan(windowMs + 2_000);
  expect(times[many / 2 - 1]).toBeGreaterThan(windowMs / 4);
  const perTenth = Array.from({ length: 10 }, (_, tenth) => times.filter((ms) => Math.floor(ms / 40) === tenth).length);
  expect(Math.max(...perTenth)).toBeLessThanOrEqual(many / 2);
  for (const { messages } of listeners) expect(messages.at(-1)).toMatchObject({ result: { resultType: 'complete' } });
  expect(listeners.filter((listener) => methods(listener)[1] === CHANGED).length).toBeGreaterThan(many / 2);
  await crowded.close();
});

test('where nothing is ever published, a subscription is acknowledged as empty and ends', async () => {
  const quiet = await serveModern(echoToolset(), { written: [] });
  const listener = await listen({ toolsListChanged: true, resourceSubscriptions: ['echo://all'] }, quiet.url);
  await listener.ended;
  expect(listener.messages).toMatchObject([{ params: { notifications: {} } }, { result: { resultType: 'complete' } }]);
  await quiet.close();
});

test.each([
  ['no filter', undefined],
  ['a list for a filter', []],
  ['a word for a wish', { toolsListChanged: 'yes' }],
  ['a URI for a list of them', { resourceSubscriptions: WATCHED }],
  ['too many URIs', { resourceSubscriptions: Array.from({ length: 257 }, () => WATCHED) }],
  ['too many ids of tasks', { taskIds: Array.from({ length: 257 }, () => 'x') }],
  ['a word for ids of tasks', { taskIds: 'one' }],
  ['an id of a task that is too long', { taskIds: ['x'.repeat(65)] }],
  ['a URI that is too long', { resourceSubscriptions: ['x'.repeat(2049)] }],
])('%s is refused', async (_name, notifications) => {
  const response = await post(server.url, 'subscriptions/listen', { notifications });
  expect(await response.json()).toMatchObject({ error: { code: -32602 } });
});

/** As many streams as a pod takes must not fill its memory. */
test.each([
  ['URIs', { resourceSubscriptions: Array.from({ length: 17 }, () => 'x'.repeat(2_000)) }, 'resourceSubscriptions'],
  [
    'URIs and ids of tasks',
    {
      resourceSubscriptions: Array.from({ length: 16 }, () => 'x'.repeat(2_000)),
      taskIds: Array.from({ length: 20 }, () => 'x'.repeat(50)),
    },
    'resourceSubscriptions and taskIds',
  ],
])(
  'a filter whose %s are too much together is refused, and told how to ask for less',
  async (_what, filter, member) => {
    const response = await post(server.url, 'subscriptions/listen', { notifications: filter });
    const { error } = (await response.json()) as { error: { code: number; message: string } };
    expect(error.code).toBe(-32602);
    expect(error.message).toContain(member);
    expect(error.message).toContain('32768 characters');
    expect(error.message).toContain('another stream');
  },
);

test('a filter of the greatest size is taken', async () => {
  const uris = Array.from({ length: 16 }, (_, i) => `test://${i}`.padEnd(2_048, 'x'));
  const listener = await listen({ resourceSubscriptions: uris });
  expect(listener.messages).toMatchObject([{ params: { notifications: { resourceSubscriptions: uris } } }]);
});
