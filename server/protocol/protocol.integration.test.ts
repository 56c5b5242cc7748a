/**
 * The protocol as clients meet it: a real server on loopback, the official clients of both eras, and plain fetch.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../app.testing.ts';
import { callWithProgress, connectV1, connectV2, MODERN, post } from './clients.testing.ts';
import { answerOf, call, send } from './legacy/raw.testing.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const clients = {
  '1.x': () => connectV1(app.url),
  '2.x, automatic': () => connectV2(app.url, 'auto'),
  '2.x, pinned': () => connectV2(app.url, { pin: MODERN }),
  '2.x, legacy': () => connectV2(app.url, 'legacy'),
};

describe.each(Object.entries(clients))('a client %s', (_name, connect) => {
  test('learns who the server is and what it can do', async () => {
    const client = await connect();
    expect(client.getServerVersion()).toMatchObject({ name: 'test', version: '1.2.3' });
    expect(client.getServerCapabilities()).toMatchObject({
      tools: { listChanged: false },
      resources: { listChanged: false, subscribe: false },
      completions: {},
    });
    expect(client.getInstructions()).toBe('Echo things.');
    await client.close();
  });

  test('lists the tools in order of their names, with both schemas', async () => {
    const client = await connect();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['echo', 'fail', 'wait']);
    expect(tools[0]).toMatchObject({
      title: 'Echo',
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
      inputSchema: { type: 'object', required: ['text'], additionalProperties: false },
      outputSchema: { type: 'object', required: ['text', 'tag'] },
    });
    await client.close();
  });

  test('gets structured content and the same JSON as text', async () => {
    const client = await connect();
    const result = await client.callTool({ name: 'echo', arguments: { text: 'ab', times: 2 } });
    expect(result.structuredContent).toEqual({ text: 'abab', tag: 'none' });
    expect(result.content).toEqual([{ type: 'text', text: JSON.stringify({ text: 'abab', tag: 'none' }) }]);
    expect(result.isError).toBeFalsy();
    await client.close();
  });

  test('sees progress that it asked for, before the answer', async () => {
    const client = await connect();
    const { structuredContent, seen } = await callWithProgress(client, {
      name: 'wait',
      arguments: { ms: 30, steps: 3 },
    });
    expect(structuredContent).toEqual({ waited: 30 });
    expect(seen).toEqual([1, 2, 3].map((step) => ({ progress: step, total: 3, message: `step ${step}` })));
    await client.close();
  });

  test('is told what is wrong with its arguments, and the tool does not run', async () => {
    const client = await connect();
    const before = app.written.length;
    const result = await client.callTool({ name: 'echo', arguments: { txt: 'x', times: 9 } });
    expect(result.isError).toBe(true);
    expect((result.content as { text: string }[])[0]?.text).toBe(
      'The arguments do not fit echo: text is required; times: Too big: expected number to be <=5; ' +
        'unknown argument "txt" (known: text, times). Correct them and call the tool again.',
    );
    expect(app.written.length).toBe(before);
    await client.close();
  });

  test('gets an error for a tool that does not exist', async () => {
    const client = await connect();
    await expect(client.callTool({ name: 'nope', arguments: {} })).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining('There is no tool "nope". tools/list names those that there are.') as string,
    });
    await client.close();
  });

  test('reads resources, fixed and by template, and lists what templates list', async () => {
    const client = await connect();
    expect((await client.listResources()).resources.map(({ uri }) => uri)).toEqual([
      'echo://all',
      'echo://apple',
      'echo://apricot',
      'echo://banana',
    ]);
    expect((await client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
      'echo://{name}',
    ]);
    expect((await client.readResource({ uri: 'echo://all' })).contents).toEqual([
      { uri: 'echo://all', mimeType: 'application/json', text: '["apple","apricot","banana"]' },
    ]);
    expect((await client.readResource({ uri: 'echo://apple' })).contents).toMatchObject([{ text: 'It is apple.' }]);
    await expect(client.readResource({ uri: 'echo://cherry' })).rejects.toMatchObject({
      message: expect.stringContaining('There is no resource echo://cherry.') as string,
    });
    await client.close();
  });

  test('completes the variable of a template', async () => {
    const client = await connect();
    const ref = { type: 'ref/resource' as const, uri: 'echo://{name}' };
    const { completion } = await client.complete({ ref, argument: { name: 'name', value: 'ap' } });
    expect(completion.values).toEqual(['apple', 'apricot']);
    await client.close();
  });

  test('gets a safe sentence where a tool fails', async () => {
    const client = await connect();
    const text = async (how: string): Promise<string> => {
      const result = await client.callTool({ name: 'fail', arguments: { how } });
      expect(result.isError).toBe(true);
      return (result.content as { text: string }[])[0]?.text ?? '';
    };
    expect(await text('tool')).toBe('There is no such thing; call list_things.');
    expect(await text('model')).toBe('No model answers now.');
    const bug = await text('bug');
    expect(bug).toMatch(/^internal error, id \S{8,}$/);
    const id = bug.split(' ').at(-1);
    const line = app.lines.find((line) => line['request'] === id && line['level'] === 'error');
    expect(JSON.stringify(line)).toContain('ECONNREFUSED');
    expect(await text('output')).toMatch(/^internal error/);
    await client.close();
  });
});

test('server/discover names the server, its version and the revisions', async () => {
  const response = await post(app.url, 'server/discover');
  const { result } = (await response.json()) as { result: Record<string, unknown> };
  expect(result).toMatchObject({
    resultType: 'complete',
    supportedVersions: [MODERN],
    ttlMs: 300_000,
    cacheScope: 'public',
    _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'test', version: '1.2.3' } },
  });
});

test.each(['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'])(
  'initialize of revision %s is answered',
  async (protocolVersion) => {
    const response = await fetch(app.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: { protocolVersion, capabilities: {}, clientInfo: { name: 'x', version: '1' } },
      }),
    });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain(`"protocolVersion":"${protocolVersion}"`);
  },
);

test('a template variable that is a bug in the toolset shows an id and no detail', async () => {
  const response = await post(app.url, 'resources/read', { uri: 'echo://bug' });
  const text = await response.text();
  expect(text).toMatch(/internal error, id \S{8,}/);
  expect(text).not.toContain('secret detail');
});

test.each([[[]], ['x'], [7], [null]])('arguments that are %j are an error of the protocol', async (given) => {
  const before = app.written.length;
  const error = { code: -32602, message: 'Invalid params: arguments must be an object.' };
  const modern = await post(app.url, 'tools/call', { name: 'echo', arguments: given });
  expect(await modern.json()).toMatchObject({ error });
  const legacy = await answerOf(await send(app.url, call(1, 'echo', given as never)));
  expect(legacy.messages).toMatchObject([{ id: 1, error }]);
  expect(app.written.length).toBe(before);
});

test('a call of unknown method is 404 with -32601, and a missing name header 400 with -32020', async () => {
  const unknown = await post(app.url, 'tools/dance');
  expect([unknown.status, await unknown.json()]).toMatchObject([404, { error: { code: -32601 } }]);
  const mismatch = await post(
    app.url,
    'tools/call',
    { name: 'echo', arguments: { text: 'x' } },
    { 'mcp-name': 'wait' },
  );
  expect([mismatch.status, await mismatch.json()]).toMatchObject([400, { error: { code: -32020 } }]);
});

test('a client that goes away aborts the tool', { timeout: 30_000 }, async () => {
  const after = app.written.length;
  const controller = new AbortController();
  const client = await connectV2(app.url, 'auto');
  const call = client.callTool({ name: 'wait', arguments: { ms: 20_000 } }, { signal: controller.signal });
  const answered = Promise.allSettled([call]);
  await expect.poll(() => app.written.slice(after), { timeout: 10_000 }).toContain('waiting');
  controller.abort();
  expect((await answered)[0].status).toBe('rejected');
  await expect.poll(() => app.written.slice(after), { timeout: 10_000 }).toContain('aborted');
  await client.close();
});

test('a tool that never answers is ended at the call timeout', async () => {
  const impatient = await startTestApp({ limits: { callTimeoutMs: 100 } });
  const client = await connectV1(impatient.url);
  const result = await client.callTool({ name: 'fail', arguments: { how: 'late' } });
  expect(result.isError).toBe(true);
  expect(JSON.stringify(result.content)).toContain('No answer within 0.1 s.');
  await client.close();
  await impatient.close();
});

test('a thousand calls with the same id at once each get their own answer', async () => {
  const texts = Array.from({ length: 1000 }, (_, i) => `text-${i}`);
  const answers = await Promise.all(
    texts.map(async (text) => {
      const response = await post(app.url, 'tools/call', { name: 'echo', arguments: { text } });
      const { result } = (await response.json()) as { result: { structuredContent: { text: string } } };
      return result.structuredContent.text;
    }),
  );
  expect(answers).toEqual(texts);
}, 30_000);
