/**
 * The front before the protocol: what is refused, how, and that a refused request does nothing. Raw sockets and
 * node:http where fetch would not send such a thing.
 */
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../app.testing.ts';
import { post } from '../protocol/clients.testing.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({
    mcp: {
      allowedHosts: ['127.0.0.1', 'localhost', '[::1]', 'mcp.example.com'],
      allowedOrigins: ['https://app.example'],
    },
  });
});
afterAll(() => app.close());

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: { error?: { code: number; message: string }; result?: unknown };
}

const CALL = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'echo', arguments: { text: 'front' } },
});
const JSON_HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

function send(options: {
  path?: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}): Promise<Answer> {
  const { port } = new URL(app.url);
  return new Promise((resolve, reject) => {
    const { path = '/mcp', method = 'POST', headers = JSON_HEADERS, body = CALL } = options;
    const outgoing = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const json = text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : {};
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: json });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(method === 'POST' ? body : undefined);
  });
}

/** Sends bytes as they are and gives back what comes until the connection ends. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
}

const stillServes = async (): Promise<void> => {
  const response = await post(app.url, 'tools/call', { name: 'echo', arguments: { text: 'alive' } });
  expect(response.status).toBe(200);
};

describe('bad input gets the right error, runs nothing, and the server lives', () => {
  const nested = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
  const rows: [string, Parameters<typeof send>[0], number, number][] = [
    ['malformed JSON', { body: '{"jsonrpc":' }, 400, -32700],
    ['an empty body', { body: '' }, 400, -32700],
    ['two members of one name', { body: CALL.replace('"id":1', '"id":1,"id":2') }, 400, -32700],
    ['invalid UTF-8', { body: Buffer.from([0x22, 0xff, 0x22]) }, 400, -32700],
    ['depth 10 000', { body: nested }, 400, -32600],
    ['depth 10 000 within arguments', { body: CALL.replace('"front"', nested) }, 400, -32600],
    ['5 MB', { body: Buffer.alloc(5 * 1024 * 1024, 'x') }, 413, -32000],
    [
      '5 MB in chunks',
      { headers: { ...JSON_HEADERS, 'transfer-encoding': 'chunked' }, body: Buffer.alloc(5 * 1024 * 1024, 'x') },
      413,
      -32000,
    ],
    ['a form', { headers: { ...JSON_HEADERS, 'content-type': 'application/x-www-form-urlencoded' } }, 415, -32000],
    ['no content type', { headers: { accept: '*/*' } }, 415, -32000],
    [
      'another charset',
      { headers: { ...JSON_HEADERS, 'content-type': 'application/json; charset=latin1' } },
      415,
      -32000,
    ],
    ['a compressed body', { headers: { ...JSON_HEADERS, 'content-encoding': 'gzip' } }, 415, -32000],
    ['another path', { path: '/mcp/other' }, 404, -32000],
    ['the root', { path: '/' }, 404, -32000],
    ['GET', { method: 'GET' }, 405, -32000],
    ['DELETE', { method: 'DELETE' }, 405, -32000],
  ];
  test.each(rows)('%s', async (_name, request, status, code) => {
    const before = app.written.length;
    const answer = await send(request);
    expect([answer.status, answer.body.error?.code]).toEqual([status, code]);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(app.written.length).toBe(before);
    await stillServes();
  });

  test.each([
    ['a number', '1', 400],
    ['null', 'null', 400],
    ['an empty batch', '[]', 400],
    ['id null', CALL.replace('"id":1', '"id":null'), 400],
    ['id an object', CALL.replace('"id":1', '"id":{}'), 400],
    ['not JSON-RPC', '{"hello":1}', 400],
  ])('a body that is %s', async (_name, body, status) => {
    const before = app.written.length;
    const answer = await send({ body });
    expect(answer.status).toBe(status);
    expect(answer.body.error?.code).toBeLessThan(-32_000 + 1);
    expect(app.written.length).toBe(before);
  });

  test('what is not HTTP gets a JSON answer', async () => {
    expect(await raw('HELLO\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*"jsonrpc":"2.0"/);
    const large = `POST /mcp HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(64 * 1024)}\r\n\r\n`;
    expect(await raw(large)).toMatch(/^HTTP\/1\.1 431 [\s\S]*"jsonrpc":"2.0"/);
    const smuggled =
      'POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    expect(await raw(smuggled)).toMatch(/^HTTP\/1\.1 400 /);
    await stillServes();
  });
});

describe('Host and Origin', () => {
  test.each([
    '127.0.0.1',
    '127.0.0.1:8080',
    'localhost',
    'LocalHost:1',
    '[::1]:8080',
    'mcp.example.com',
    'MCP.example.com:443',
  ])('Host %s is served', async (host) => {
    expect((await send({ headers: { ...JSON_HEADERS, host } })).status).toBe(200);
  });

  test.each([
    'evil.com',
    '127.0.0.1.evil.com',
    'evil.com:8080',
    'localhost.',
    'localhost@evil.com',
    'evil.com#localhost',
    '127.0.0.1:8080:1',
    '[::1',
    '0x7f000001',
    'sub.mcp.example.com',
    '127.0.0.1/..',
    ' ',
  ])('Host %j is refused', async (host) => {
    const before = app.written.length;
    const answer = await send({ headers: { ...JSON_HEADERS, host } });
    expect([answer.status, answer.body.error?.code]).toEqual([403, -32000]);
    expect(app.written.length).toBe(before);
  });

  test('an absolute-form request target and a second Host are refused', async () => {
    const head = 'Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}';
    expect(await raw(`POST http://evil.com/mcp HTTP/1.1\r\nHost: localhost\r\n${head}`)).toMatch(/^HTTP\/1\.1 403 /);
    expect(await raw(`POST http://localhost/mcp HTTP/1.1\r\nHost: localhost\r\n${head}`)).toMatch(/^HTTP\/1\.1 403 /);
    expect(await raw(`POST /mcp HTTP/1.1\r\nHost: localhost\r\nHost: evil.com\r\n${head}`)).toMatch(/^HTTP\/1\.1 403 /);
    expect(await raw(`POST /mcp HTTP/1.0\r\n${head}`)).toMatch(/^HTTP\/1\.1 403 /);
  });

  test.each(['https://app.example', 'http://localhost:5173', 'http://127.0.0.1', 'https://mcp.example.com'])(
    'Origin %s is served, with CORS headers',
    async (origin) => {
      const answer = await send({ headers: { ...JSON_HEADERS, origin } });
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': origin,
        vary: expect.stringContaining('Origin') as string,
        'access-control-expose-headers': expect.stringContaining('Mcp-Session-Id') as string,
      });
    },
  );

  test.each([
    'https://evil',
    'null',
    'https://app.example.evil.com',
    'https://app.example:8443',
    'file://',
    'http://localhost@evil.com',
    '',
  ])('Origin %j is refused', async (origin) => {
    const answer = await send({ headers: { ...JSON_HEADERS, origin } });
    expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([403, undefined]);
  });

  test('a refusal names the field of the spec that would let the request pass', async () => {
    const told = async (headers: Record<string, string>) =>
      (await send({ headers: { ...JSON_HEADERS, ...headers } })).body.error?.message;
    expect(await told({ host: 'evil.com' })).toBe('This Host is not served here; set exposure.publicUrl.');
    expect(await told({ origin: 'https://evil.com' })).toBe(
      'This Origin may not call; add it to exposure.allowedOrigins.',
    );
  });

  test('a preflight names methods and headers, and only known ones', async () => {
    const answer = await send({
      method: 'OPTIONS',
      headers: {
        origin: 'https://app.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers':
          "authorization, mcp-param-region, Mcp-Param-Tenant_Id, mcp-param-!#$%&'*+-.^_`|~, x-evil",
      },
      body: '',
    });
    expect(answer.status).toBe(204);
    expect(answer.headers['access-control-allow-methods']).toBe('GET, POST, DELETE, OPTIONS');
    const allowed = String(answer.headers['access-control-allow-headers']).split(', ');
    expect(allowed).toEqual(
      expect.arrayContaining(['authorization', 'mcp-method', 'mcp-name', 'mcp-param-region', 'mcp-param-tenant_id']),
    );
    expect(allowed).toContain("mcp-param-!#$%&'*+-.^_`|~");
    expect(allowed).not.toContain('x-evil');
  });
});

describe('the health port', () => {
  const get = (path: string, init?: RequestInit): Promise<Response> => fetch(app.healthUrl + path, init);

  test('says that the server lives and is ready', async () => {
    expect(await (await get('/healthz')).json()).toEqual({ status: 'ok' });
    expect(await (await get('/readyz')).json()).toEqual({
      ready: true,
      checks: { store: 'ok', discovery: 'ok', lifecycle: 'ok' },
    });
    expect((await get('/mcp')).status).toBe(404);
    expect((await get('/healthz', { method: 'POST' })).status).toBe(405);
  });

  test('counts calls by tool and outcome, and never by a name that a client made up', async () => {
    await post(app.url, 'tools/call', { name: 'fail', arguments: { how: 'tool' } });
    await post(app.url, 'tools/call', { name: 'made-up', arguments: {} });
    const text = await (await get('/metrics')).text();
    expect(text).toMatch(/mcp_server_tool_calls_total\{tool="fail",outcome="tool_error"\} 1/);
    expect(text).toMatch(
      /mcp_server_operation_duration_seconds_count\{mcp_method_name="tools\/call",gen_ai_tool_name="echo",/,
    );
    expect(text).toMatch(/mcp_server_requests_refused_total\{reason="host"\}/);
    expect(text).toContain('mcp_server_requests_in_flight 0');
    expect(text).not.toContain('made-up');
  });

  test('counts what is no call, and methods that there are not under one name', async () => {
    const counted = async (): Promise<number[]> => {
      const text = await (await get('/metrics')).text();
      const kinds = ['"server/discover"', '"subscriptions/listen"', '"_OTHER"'];
      return kinds.map((kind) =>
        [...text.matchAll(new RegExp(`seconds_count\\{mcp_method_name=${kind}.*\\} (\\d+)`, 'g'))]
          .map(([, count]) => Number(count))
          .reduce((sum, count) => sum + count, 0),
      );
    };
    const before = await counted();
    await post(app.url, 'server/discover');
    await (await post(app.url, 'subscriptions/listen', { notifications: {} })).text();
    await post(app.url, 'subscriptions/listen', { notifications: 'all' });
    await post(app.url, 'invented/here');
    await send({ body: CALL.replace('tools/call', 'invented/before') });
    const after = await counted();
    expect(after.map((count, at) => count - (before[at] ?? 0))).toEqual([1, 2, 2]);
    expect(await (await get('/metrics')).text()).not.toContain('invented');
  });
});
