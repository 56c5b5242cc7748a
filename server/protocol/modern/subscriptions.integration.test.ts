/** Who hears of which changes, and how it ends. Plain HTTP against a real server. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { everything } from '../../toolsets/everything/toolset.ts';
import { post } from '../clients.testing.ts';
import { echoToolset } from '../echo.testing.ts';
import { serveModern, type TestServer } from './server.testing.ts';

const ID = 'io.modelcontextprotocol/subscriptionId';
const WATCHED = 'test://watched-resource';
type Message = Record<string, unknown>;

let server: TestServer;
beforeEach(async () => {
  server = await serveModern(everything, await everything.open({} as never), { maxSubscriptions: 2 });
});
afterEach(() => server.close());

interface Listener {
  readonly messages: Message[];
  readonly ended: Promise<void>;
  leave(): void;
}

/** Opens a stream, and waits for its first message. */
async function listen(notifications: object, url = server.url): Promise<Listener> {
  const response = await post(url, 'subscriptions/listen', { notifications });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const messages: Message[] = [];
  let text = '';
  const read = async (): Promise<void> => {
    for (;;) {
      const { done = true, value = '' } = (await reader?.read().catch(() => undefined)) ?? {};
      if (done) return;
      text += value;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
        if (data !== undefined) messages.push(JSON.parse(data) as Message);
        text = text.slice(end + 2);
      }
    }
  };
  const ended = read();
  await expect.poll(() => messages.length).toBeGreaterThan(0);
  return { messages, ended, leave: () => void reader?.cancel() };
}

const methods = ({ messages }: Listener): unknown[] => messages.map(({ method }) => method);

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
  ['too many URIs', { resourceSubscriptions: Array.from({ length: 1001 }, () => WATCHED) }],
  ['a URI that is too long', { resourceSubscriptions: ['x'.repeat(2049)] }],
])('%s is refused', async (_name, notifications) => {
  const response = await post(server.url, 'subscriptions/listen', { notifications });
  expect(await response.json()).toMatchObject({ error: { code: -32602 } });
});
