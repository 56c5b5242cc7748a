/**
 * What a server asks its clients within a call, with the official clients in their older revisions.
 */
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerOf, call, eventsOf, openSession, send } from './raw.testing.ts';
import { type LegacyServer, startLegacyServer } from './server.testing.ts';

let server: LegacyServer;
beforeAll(async () => {
  server = await startLegacyServer();
});
afterAll(() => server.close());

const identity = { name: 'asked', version: '1' };
const capabilities = { elicitation: {}, sampling: {}, roots: {} };
const answers = {
  elicit: (): { action: 'accept'; content: { name: string } } => ({ action: 'accept', content: { name: 'Ada' } }),
  sample: () => ({ role: 'assistant' as const, model: 'm', content: { type: 'text' as const, text: 'hi' } }),
  roots: () => ({ roots: [{ uri: 'file:///a' }] }),
};

const clients = {
  '1.x': async (heard: string[]) => {
    const client = new ClientV1(identity, { capabilities });
    client.setRequestHandler(ElicitRequestSchema, answers.elicit);
    client.setRequestHandler(CreateMessageRequestSchema, answers.sample);
    client.setRequestHandler(ListRootsRequestSchema, answers.roots);
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => void heard.push('tools'));
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void heard.push(params.uri));
    await client.connect(new TransportV1(new URL(server.url)));
    return client;
  },
  '2.x': async (heard: string[]) => {
    const client = new ClientV2(identity, { capabilities, versionNegotiation: { mode: 'legacy' } });
    client.setRequestHandler('elicitation/create', answers.elicit);
    client.setRequestHandler('sampling/createMessage', answers.sample);
    client.setRequestHandler('roots/list', answers.roots);
    client.setNotificationHandler('notifications/tools/list_changed', () => void heard.push('tools'));
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
    await client.connect(new TransportV2(new URL(server.url)));
    return client;
  },
};

describe.each(Object.entries(clients))('a client %s', (_name, connect) => {
  test('is asked for its user, its model and its folders', async () => {
    const client = await connect([]);
    const text = async (name: string): Promise<unknown> => {
      const { content } = await client.callTool({ name, arguments: {} });
      return (content as { text: string }[])[0]?.text;
    };
    expect(await text('ask_name')).toBe('Hello Ada');
    expect(await text('ask_model')).toBe('{"type":"text","text":"hi"}');
    expect(await text('ask_roots')).toBe('file:///a');
    expect(await Promise.all(Array.from({ length: 20 }, () => text('ask_name')))).toEqual(
      Array.from({ length: 20 }, () => 'Hello Ada'),
    );
    await client.close();
  });

  test('hears of changes, and gets the answer of a call that let its connection go', async () => {
    const heard: string[] = [];
    const client = await connect(heard);
    await client.subscribeResource({ uri: 'talk://now' });
    // The client opens its stream behind our back; without it nothing arrives.
    await expect
      .poll(async () => {
        await client.callTool({ name: 'change', arguments: { uri: 'talk://now' } });
        await client.callTool({ name: 'change', arguments: {} });
        return heard;
      })
      .toEqual(expect.arrayContaining(['talk://now', 'tools']));
    const { content } = await client.callTool({ name: 'come_back', arguments: { ms: 20 } });
    expect(content).toEqual([{ type: 'text', text: 'here it is' }]);
    await client.close();
  });

  test('gets prompts and completions', async () => {
    const client = await connect([]);
    expect((await client.listPrompts()).prompts).toMatchObject([{ name: 'greet', arguments: [{ name: 'who' }] }]);
    const { messages } = await client.getPrompt({ name: 'greet', arguments: { who: 'Bob' } });
    expect(messages).toEqual([{ role: 'user', content: { type: 'text', text: 'Greet Bob' } }]);
    const ref = { type: 'ref/prompt' as const, name: 'greet' };
    const { completion } = await client.complete({ ref, argument: { name: 'who', value: 'x' } });
    expect(completion.values).toEqual(['xa']);
    await client.close();
  });
});

test('a client that refuses, errs or leaves is told of in a sentence, and nothing hangs', async () => {
  const session = await openSession(server.url, { capabilities });
  const asked = async (answer: object | undefined): Promise<unknown> => {
    const response = await send(server.url, call(1, 'ask_name'), { session });
    for await (const { message } of eventsOf(response)) {
      if (message?.['method'] === 'elicitation/create') {
        if (answer === undefined) return undefined;
        await send(server.url, { jsonrpc: '2.0', id: message['id'], ...answer }, { session });
      } else if (message) return JSON.stringify(message['result']);
    }
    return 'nothing';
  };
  expect(await asked({ result: { action: 'decline' } })).toContain('No: decline');
  expect(await asked({ error: { code: -1, message: 'The window is closed' } })).toContain('The window is closed');
  expect(await asked({ result: { action: 'accept', content: { name: 7 } } })).toContain('does not fit');
  await asked(undefined);
  expect((await send(server.url, undefined, { session, method: 'DELETE' })).status).toBe(200);
  const late = { jsonrpc: '2.0', id: 'ask-4', result: {} };
  expect((await send(server.url, late, { session })).status).toBe(404);
});

test('a client that cannot be asked is not asked', async () => {
  const session = await openSession(server.url);
  const { messages } = await answerOf(await send(server.url, call(1, 'ask_name'), { session }));
  expect(messages).toMatchObject([{ id: 1, result: { isError: true } }]);
  expect(JSON.stringify(messages)).toContain('cannot be asked');
});
