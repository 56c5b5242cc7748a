/**
 * Requests without a session: those of servers that need none, and those that clients send without one.
 */
import { expect, test } from 'vitest';
import type { Toolset } from '../../toolsets/toolset.ts';
import { connectV1, connectV2 } from '../clients.testing.ts';
import { echoToolset } from '../echo.testing.ts';
import { answerOf, call, initialize, request, send } from './raw.testing.ts';
import { startForTest } from './server.testing.ts';

const echo = (written: string[] = []) => echoToolset(written) as unknown as Toolset<unknown, unknown>;

test('a server that has nothing to say unasked opens no session and promises nothing that needs one', async () => {
  const server = await startForTest({ toolset: echo() });
  const { headers, messages } = await answerOf(await send(server.url, initialize('2025-03-26')));
  expect(headers.has('mcp-session-id')).toBe(false);
  expect(messages).toMatchObject([
    {
      result: {
        protocolVersion: '2025-03-26',
        capabilities: {
          tools: { listChanged: false },
          resources: { listChanged: false, subscribe: false },
          completions: {},
        },
      },
    },
  ]);
  expect(server.endpoint.sessions).toBe(0);
});

test.each([
  ['1.x', connectV1],
  ['2.x', (url: string) => connectV2(url, 'legacy')],
] as const)('an official client %s works without a session', async (_name, connect) => {
  const server = await startForTest({ toolset: echo() });
  const client = await connect(server.url);
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('echo');
  const result = await client.callTool({ name: 'echo', arguments: { text: 'x' } });
  expect(result.structuredContent).toEqual({ text: 'x', tag: 'none' });
  await expect(client.readResource({ uri: 'echo://cherry' })).rejects.toThrow('There is no resource echo://cherry');
  await client.close();
});

test('requests without a session are answered by a server that has sessions too, as far as that goes', async () => {
  const server = await startForTest();
  const ask = async (body: unknown, headers = {}) =>
    (await answerOf(await send(server.url, body, { headers }))).messages;
  expect(await ask(call(1, 'log'))).toMatchObject([{ id: 1, result: { content: [{ text: 'logged' }] } }]);
  expect(await ask(request(2, 'logging/setLevel', { level: 'info' }))).toMatchObject([{ error: { code: -32601 } }]);
  expect(await ask(request(3, 'resources/subscribe', { uri: 'talk://now' }))).toMatchObject([
    { error: { code: -32601 } },
  ]);
  const [asked] = await ask(call(4, 'ask_name'));
  expect(asked).toMatchObject({
    id: 4,
    result: {
      content: [{ text: 'This asks the user or the client, for which the client must open a session.' }],
      isError: true,
    },
  });
  const progress = await ask(call(5, 'work', { ms: 1 }, { progressToken: 7 }));
  expect(progress).toMatchObject([{ method: 'notifications/progress' }, { id: 5, result: {} }]);
  expect(await ask([request(6, 'ping')])).toMatchObject([{ id: 6, result: {} }]);
  expect(await ask([request(6, 'ping')], { 'mcp-protocol-version': '2025-06-18' })).toMatchObject([
    { error: { code: -32600 } },
  ]);
});

test('a client that goes away ends its call', async () => {
  const server = await startForTest();
  const hangUp = new AbortController();
  const called = send(server.url, call(1, 'work', { ms: 10_000 }), { signal: hangUp.signal });
  called.catch(() => undefined);
  await expect.poll(() => server.seen).toContain('started');
  hangUp.abort();
  await expect.poll(() => server.seen).toEqual(['started', 'aborted']);
});

test('a thousand calls with the same id at once each get their own answer', async () => {
  const server = await startForTest({ toolset: echo() });
  const texts = Array.from({ length: 1000 }, (_, i) => `text-${i}`);
  const answers = await Promise.all(
    texts.map(async (text) => {
      const { messages } = await answerOf(await send(server.url, call(1, 'echo', { text })));
      return (messages[0] as { result: { structuredContent: { text: string } } }).result.structuredContent.text;
    }),
  );
  expect(answers).toEqual(texts);
});
