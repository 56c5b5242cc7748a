/**
 * Revision 2026-07-28 on the wire: what is refused and how, when an answer is plain JSON and when a stream, and who
 * hears of changes. Plain HTTP against a real server.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { everything } from '../../toolsets/everything/toolset.ts';
import { post } from '../clients.testing.ts';
import { echoToolset } from '../echo.testing.ts';
import { serveModern, type TestServer } from './server.testing.ts';

const META = 'io.modelcontextprotocol/';
const written: string[] = [];
let echo: TestServer;
let all: TestServer;
beforeAll(async () => {
  echo = await serveModern(echoToolset(written), { written }, { patienceMs: 60 });
  all = await serveModern(everything, await everything.open({} as never));
});
afterAll(async () => {
  await echo.close();
  await all.close();
});

const meta = { [`${META}protocolVersion`]: '2026-07-28', [`${META}clientCapabilities`]: {} };
const headers = {
  'content-type': 'application/json',
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  'mcp-name': 'echo',
};
const call = { name: 'echo', arguments: { text: 'x' }, _meta: meta };

async function send(params: object, over: Record<string, string | undefined> = {}, body: object = {}) {
  const sent = Object.fromEntries(Object.entries({ ...headers, ...over }).filter(([, value]) => value !== undefined));
  const message = { jsonrpc: '2.0', id: 7, method: 'tools/call', params, ...body };
  const response = await fetch(echo.url, {
    method: 'POST',
    headers: sent as Record<string, string>,
    body: JSON.stringify(message),
  });
  const json = (await response.json()) as { id: unknown; error?: { code: number; data?: unknown }; result?: object };
  return { status: response.status, ...json };
}

describe('a request is refused, with its own id and without running anything,', () => {
  const rows: [string, Parameters<typeof send>, number, number][] = [
    ['without _meta', [{ ...call, _meta: undefined }], 400, -32602],
    [
      'without the revision in _meta',
      [{ ...call, _meta: { ...meta, [`${META}protocolVersion`]: undefined } }],
      400,
      -32602,
    ],
    ['whose revision is no text', [{ ...call, _meta: { ...meta, [`${META}protocolVersion`]: 1 } }], 400, -32602],
    ['without capabilities', [{ ...call, _meta: { ...meta, [`${META}clientCapabilities`]: undefined } }], 400, -32602],
    [
      'whose client has no version',
      [{ ...call, _meta: { ...meta, [`${META}clientInfo`]: { name: 'x' } } }],
      400,
      -32602,
    ],
    ['whose header names another revision', [call, { 'mcp-protocol-version': '2025-11-25' }], 400, -32020],
    ['without the header of the revision', [call, { 'mcp-protocol-version': undefined }], 400, -32020],
    ['without the header of the method', [call, { 'mcp-method': undefined }], 400, -32020],
    ['whose header names another method', [call, { 'mcp-method': 'tools/list' }], 400, -32020],
    ['whose header names the method in capitals', [call, { 'mcp-method': 'TOOLS/CALL' }], 400, -32020],
    ['without the header of the name', [call, { 'mcp-name': undefined }], 400, -32020],
    ['whose header names another tool', [call, { 'mcp-name': 'wait' }], 400, -32020],
    ['whose header is broken Base64', [call, { 'mcp-name': '=?base64?ZWNobw?=' }], 400, -32020],
    [
      'of another revision',
      [
        { ...call, _meta: { ...meta, [`${META}protocolVersion`]: '2027-01-01' } },
        { 'mcp-protocol-version': '2027-01-01' },
      ],
      400,
      -32022,
    ],
    [
      'of an unknown method',
      [{ _meta: meta }, { 'mcp-method': 'tools/dance' }, { method: 'tools/dance' }],
      404,
      -32601,
    ],
    [
      'of a method that this revision dropped',
      [{ _meta: meta }, { 'mcp-method': 'ping' }, { method: 'ping' }],
      404,
      -32601,
    ],
    [
      'of a method that nothing here needs',
      [{ _meta: meta }, { 'mcp-method': 'prompts/list' }, { method: 'prompts/list' }],
      404,
      -32601,
    ],
    ['of a tool that there is not', [{ ...call, name: 'nope' }, { 'mcp-name': 'nope' }], 200, -32602],
    ['of a tool without a name', [{ ...call, name: 1 }], 200, -32602],
    ['with answers that are none', [{ ...call, inputResponses: null }], 200, -32602],
    ['with a state that is no text', [{ ...call, requestState: 1 }], 200, -32602],
    ['with a list for arguments', [{ ...call, arguments: [] }], 200, -32602],
    ['with a text for arguments', [{ ...call, arguments: 'x' }], 200, -32602],
    ['with null for arguments', [{ ...call, arguments: null }], 200, -32602],
    [
      'for log messages of an unknown level',
      [{ ...call, _meta: { ...meta, [`${META}logLevel`]: 'bogus' } }],
      400,
      -32602,
    ],
    [
      'for log messages of a level that is no text',
      [{ ...call, _meta: { ...meta, [`${META}logLevel`]: 3 } }],
      400,
      -32602,
    ],
  ];
  test.each(rows)('%s', async (_name, sent, status, code) => {
    const before = written.length;
    expect(await send(...sent)).toMatchObject({ status, id: 7, error: { code } });
    expect(written.length).toBe(before);
  });

  test.each([
    ['a batch', [{ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: meta } }]],
    ['a response', { jsonrpc: '2.0', id: 1, result: {} }],
    ['without version of JSON-RPC', { id: 1, method: 'tools/list', params: { _meta: meta } }],
    ['with an id that is an object', { jsonrpc: '2.0', id: {}, method: 'tools/list', params: { _meta: meta } }],
    ['with an id that is no whole number', { jsonrpc: '2.0', id: 1.5, method: 'tools/list', params: { _meta: meta } }],
    ['with an id of 1 MB', { jsonrpc: '2.0', id: 'x'.repeat(1e6), method: 'tools/list', params: { _meta: meta } }],
    ['with id null', { jsonrpc: '2.0', id: null, method: 'tools/list', params: { _meta: meta } }],
    ['with params that are a list', { jsonrpc: '2.0', id: 1, method: 'tools/list', params: [] }],
  ])('as %s', async (_name, body) => {
    const response = await fetch(echo.url, { method: 'POST', headers, body: JSON.stringify(body) });
    expect([response.status, await response.json()]).toMatchObject([400, { error: { code: -32600 } }]);
  });
});

test('a refused revision is told which one is spoken', async () => {
  const version = 'v999.0.0';
  const { error } = await send(
    { ...call, _meta: { ...meta, [`${META}protocolVersion`]: version } },
    { 'mcp-protocol-version': version },
  );
  expect(error?.data).toEqual({ supported: ['2026-07-28'], requested: version });
});

test('a notification is taken and answered with nothing', async () => {
  const body = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } });
  const response = await fetch(echo.url, {
    method: 'POST',
    headers: { ...headers, 'mcp-method': 'notifications/cancelled' },
    body,
  });
  expect([response.status, await response.text()]).toEqual([202, '']);
});

test('a name beyond ASCII comes as Base64 in its header', async () => {
  const uri = 'test://template/grün/data';
  const response = await post(
    all.url,
    'resources/read',
    { uri },
    { 'mcp-name': `=?base64?${Buffer.from(uri).toString('base64')}?=` },
  );
  expect(await response.json()).toMatchObject({ result: { contents: [{ uri }] } });
});

describe('an answer', () => {
  test('is plain JSON of known length, which says who answered and that it is whole', async () => {
    const response = await post(echo.url, 'tools/call', { name: 'echo', arguments: { text: 'grün' } });
    expect(response.headers.get('content-type')).toBe('application/json');
    const body = await response.text();
    expect(response.headers.get('content-length')).toBe(String(Buffer.byteLength(body)));
    expect(JSON.parse(body)).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: {
        resultType: 'complete',
        content: [{ type: 'text', text: '{"text":"grün","tag":"none"}' }],
        structuredContent: { text: 'grün', tag: 'none' },
        _meta: { [`${META}serverInfo`]: { name: 'test', version: '1.2.3' } },
      },
    });
  });

  const wait = (params: object, accept: string) =>
    post(echo.url, 'tools/call', { name: 'wait', ...params }, { accept });

  test('becomes a stream with the first progress, and the answer is its last message', async () => {
    const params = { arguments: { ms: 20, steps: 2 }, _meta: { progressToken: 't' } };
    const response = await wait(params, 'application/json, text/event-stream');
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    expect(messagesOf(await response.text())).toMatchObject([
      { method: 'notifications/progress', params: { progressToken: 't', progress: 1, total: 2 } },
      { method: 'notifications/progress', params: { progressToken: 't', progress: 2, total: 2 } },
      { id: 1, result: { resultType: 'complete', structuredContent: { waited: 20 } } },
    ]);
  });

  test.each([
    ['of half a megabyte', 'x'.repeat(500_000)],
    ['that is no whole number', 1.5],
  ])('comes without progress for a token %s, which is no token', async (_name, progressToken) => {
    const params = { arguments: { ms: 20, steps: 2 }, _meta: { progressToken } };
    const response = await wait(params, 'application/json, text/event-stream');
    expect(await response.json()).toMatchObject({ id: 1, result: { structuredContent: { waited: 20 } } });
  });

  test('that takes long becomes a stream before a proxy gives up, and is kept alive', async () => {
    const response = await wait({ arguments: { ms: 1_000 } }, 'application/json, text/event-stream');
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const body = await response.text();
    expect(body).toMatch(/^:\n\n/);
    expect(messagesOf(body)).toMatchObject([{ id: 1, result: { structuredContent: { waited: 1_000 } } }]);
  });

  test('stays JSON, without progress, for a client that takes nothing else', async () => {
    const params = { arguments: { ms: 100, steps: 2 }, _meta: { progressToken: 't' } };
    const response = await wait(params, 'application/json');
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toMatchObject({ result: { structuredContent: { waited: 100 } } });
  });
});

test('an unknown level of log messages is told which there are', async () => {
  const { error } = await send({ ...call, _meta: { ...meta, [`${META}logLevel`]: 'verbose' } });
  expect((error as { message?: string }).message).toBe(
    'Invalid params: io.modelcontextprotocol/logLevel must be one of debug, info, notice, warning, error, critical, alert, emergency.',
  );
});

test('log messages come where the request asks for their level, and never otherwise', async () => {
  const logged = async (level?: string): Promise<unknown[]> => {
    const _meta = level === undefined ? {} : { [`${META}logLevel`]: level };
    const response = await post(all.url, 'tools/call', { name: 'test_tool_with_logging', arguments: {}, _meta });
    return messagesOf(await response.text()).filter((message) => message['method'] === 'notifications/message');
  };
  expect(await logged('debug')).toHaveLength(3);
  expect(await logged('warning')).toHaveLength(0);
  expect(await logged()).toHaveLength(0);
});

test('a caller without the right is challenged over HTTP, for tools, resources and subscriptions', async () => {
  const poor = await serveModern(everything, await everything.open({} as never), {
    caller: { id: 'bob', scopes: new Set() },
    patienceMs: 20,
  });
  const asks = [
    post(poor.url, 'tools/call', { name: 'test_simple_text', arguments: {} }),
    post(poor.url, 'resources/read', { uri: 'test://static-text' }),
    post(poor.url, 'prompts/get', { name: 'test_simple_prompt' }),
    post(poor.url, 'subscriptions/listen', { notifications: { resourceSubscriptions: ['test://watched-resource'] } }),
  ];
  for (const response of await Promise.all(asks)) {
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toContain('scope="everything"');
  }
  await poor.close();
});

test('lists and contents say how long they may be kept, and by whom', async () => {
  const keep = async (url: string, method: string, params = {}) => {
    const { result } = (await (await post(url, method, params)).json()) as {
      result: { ttlMs: number; cacheScope: string };
    };
    return [result.ttlMs, result.cacheScope];
  };
  expect(await keep(all.url, 'tools/list')).toEqual([60_000, 'public']);
  expect(await keep(all.url, 'prompts/list')).toEqual([60_000, 'public']);
  expect(await keep(all.url, 'resources/list')).toEqual([60_000, 'public']);
  expect(await keep(echo.url, 'resources/list')).toEqual([0, 'private']);
  expect(await keep(all.url, 'resources/templates/list')).toEqual([60_000, 'public']);
  expect(await keep(all.url, 'server/discover')).toEqual([300_000, 'public']);
  expect(await keep(all.url, 'resources/read', { uri: 'test://static-text' })).toEqual([60_000, 'public']);
  expect(await keep(all.url, 'resources/read', { uri: 'test://watched-resource' })).toEqual([0, 'private']);
});

/** Messages of a whole stream. */
function messagesOf(body: string): Record<string, unknown>[] {
  const events = body.split('\n\n').flatMap((event) => /^data: (.*)$/m.exec(event)?.[1] ?? []);
  return events.map((event) => JSON.parse(event) as Record<string, unknown>);
}
