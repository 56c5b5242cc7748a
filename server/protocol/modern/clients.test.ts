/**
 * The official 2.x client against the modern era, choosing it by itself and pinned to it: everything a toolset can do,
 * as a client meets it.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { everything } from '../../toolsets/everything/toolset.ts';
import { defineTool } from '../../toolsets/toolset.ts';
import { MODERN } from '../request.ts';
import { serveModern, type TestServer } from './server.testing.ts';

let server: TestServer;
beforeAll(async () => {
  server = await serveModern(everything, await everything.open({} as never));
});
afterAll(() => server.close());

const answers = { name: 'Ann', color: 'blue', username: 'ann', email: 'ann@example.com', ok: true, context: 'tests' };

async function connected(mode: 'auto' | { pin: string }, url = server.url): Promise<Client> {
  const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} };
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode }, capabilities });
  client.setRequestHandler('elicitation/create', ({ params }) => {
    const { properties = {} } = (params as { requestedSchema?: { properties?: object } }).requestedSchema ?? {};
    const known = Object.entries(answers).filter(([name]) => name in properties);
    return { action: 'accept', content: Object.fromEntries(known) };
  });
  client.setRequestHandler('sampling/createMessage', () => ({
    role: 'assistant' as const,
    content: { type: 'text' as const, text: 'Paris' },
    model: 'none',
  }));
  client.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///home/ann' }] }));
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  return client;
}

describe.each([
  ['that chooses the era', 'auto' as const],
  ['pinned to this era', { pin: MODERN }],
])('a client %s', (_name, mode) => {
  let client: Client;
  beforeAll(async () => {
    client = await connected(mode);
  });
  afterAll(() => client.close());

  test('learns what the server can do', () => {
    expect(client.getServerVersion()).toMatchObject({ name: 'test', version: '1.2.3' });
    expect(client.getServerCapabilities()).toEqual({
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { listChanged: false, subscribe: true },
      completions: {},
      logging: {},
    });
  });

  test.each([
    ['test_input_required_result_elicitation', 'Hello, Ann!'],
    ['test_input_required_result_multi_round', 'Ann likes blue.'],
    ['test_input_required_result_multiple_inputs', 'Paris Ann, you have 1 roots.'],
    ['test_input_required_result_list_roots', 'Roots: file:///home/ann'],
    ['test_streaming_elicitation', 'The user chose to accept.'],
  ])('answers the questions of %s', async (name, text) => {
    const { content } = await client.callTool({ name, arguments: {} });
    expect(content).toEqual([{ type: 'text', text }]);
  });

  test('gets every kind of content', async () => {
    const { content } = await client.callTool({ name: 'test_multiple_content_types', arguments: {} });
    expect(content.map(({ type }) => type)).toEqual(['text', 'image', 'resource']);
    const { contents } = await client.readResource({ uri: 'test://static-binary' });
    expect(contents).toMatchObject([{ mimeType: 'image/png', blob: expect.stringMatching(/^iVBOR/) as string }]);
  });

  test('gets prompts, with arguments, with completion, and with a question', async () => {
    const { prompts } = await client.listPrompts();
    expect(prompts.find(({ name }) => name === 'test_prompt_with_arguments')?.arguments).toMatchObject([
      { name: 'arg1', required: true },
      { name: 'arg2', required: true },
    ]);
    const given = { name: 'test_prompt_with_arguments', arguments: { arg1: 'a', arg2: 'b' } };
    expect((await client.getPrompt(given)).messages).toMatchObject([
      { content: { text: expect.stringContaining("arg1='a', arg2='b'") as string } },
    ]);
    const ref = { type: 'ref/prompt' as const, name: given.name };
    const { completion } = await client.complete({ ref, argument: { name: 'arg1', value: 'testi' } });
    expect(completion.values).toEqual(['testing']);
    const asked = await client.getPrompt({ name: 'test_input_required_result_prompt' });
    expect(asked.messages).toMatchObject([{ content: { text: 'Use this context: tests' } }]);
  });

  test('is told which arguments of a prompt do not fit', async () => {
    const wrong = client.getPrompt({ name: 'test_prompt_with_arguments', arguments: { arg1: 'a', other: 'b' } });
    await expect(wrong).rejects.toThrow('unknown argument "other"; arg2 is required');
    await expect(client.getPrompt({ name: 'nope' })).rejects.toThrow('There is no prompt "nope"');
  });

  test('repeats arguments in headers by itself', async () => {
    await client.listTools();
    const given = { region: 'Zürich', priority: 3, verbose: false };
    const { content } = await client.callTool({ name: 'test_x_mcp_header', arguments: given });
    expect(content).toEqual([{ type: 'text', text: `Called with ${JSON.stringify(given)}` }]);
  });

  test('hears of changes until the server ends it', async () => {
    const heard: unknown[] = [];
    client.setNotificationHandler('notifications/tools/list_changed', () => void heard.push('tools'));
    const subscription = await client.listen({ toolsListChanged: true });
    await client.callTool({ name: 'test_trigger_tool_change', arguments: {} });
    await expect.poll(() => heard).toEqual(['tools']);
    await subscription.close();
    await expect.poll(() => server.endpoint.subscriptions).toBe(0);
  });
});

test('a client pages through five hundred tools, and gets each once', async () => {
  const define = defineTool<undefined>();
  const tools = Array.from({ length: 500 }, (_, i) =>
    define({
      name: `tool_${String(i).padStart(3, '0')}`,
      title: 'One',
      description: 'One of many.',
      scope: 'many',
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
      input: z.object({}),
      output: z.object({ i: z.int() }),
      run: async () => ({ i }),
    }),
  );
  const toolset = { name: 'many', config: z.unknown(), instructions: '', migrations: [], tools, resources: [] };
  const many = await serveModern({ ...toolset, open: () => undefined }, undefined);
  const client = await connected('auto', many.url);
  const names: string[] = [];
  let pages = 0;
  let cursor: string | undefined;
  do {
    const page = await client.request({ method: 'tools/list', params: cursor === undefined ? {} : { cursor } });
    names.push(...page.tools.map(({ name }) => name));
    cursor = page.nextCursor;
    pages += 1;
  } while (cursor !== undefined);
  expect(pages).toBe(3);
  expect(names).toEqual(tools.map(({ name }) => name));
  const last = await client.callTool({ name: 'tool_499', arguments: {} });
  expect(last.structuredContent).toEqual({ i: 499 });
  await client.close();
  await many.close();
});
