import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { errors } from 'undici';
import { afterEach, expect, test } from 'vitest';
import type { Finding } from './finding.ts';
import { handshake } from './handshake.ts';
import { type Mcp, openMcp } from './mcp.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

type Listener = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

async function listen(listener: Listener): Promise<string> {
  const server = createServer((request, response) => {
    Promise.resolve(listener(request, response)).catch((error: unknown) => response.destroy(error as Error));
  });
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

async function ask(url: string, signal = AbortSignal.timeout(5000)): Promise<Finding> {
  const mcp = openMcp({ url, version: '1.2.3' });
  try {
    return await handshake(mcp, signal);
  } finally {
    await mcp.close();
  }
}

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A server that answers each method with what `results` gives for it. */
const answering =
  (results: (call: Call) => unknown, seen: object[] = []): Listener =>
  async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const call = JSON.parse(body) as Call;
    seen.push({ headers: request.headers, call });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id: call.id, result: results(call) }));
  };

const DISCOVERED = { supportedVersions: ['2026-07-28'], capabilities: {} };
const listing = (tools: unknown) => (call: Call) => (call.method === 'tools/list' ? { tools } : DISCOVERED);
const toolsOf = (finding: Finding) => (finding.outcome === 'Answered' ? finding.tools : undefined);

test('asks in the form that the protocol demands', async () => {
  const seen: object[] = [];
  const finding = await ask(await listen(answering(listing([]), seen)));
  expect(finding.outcome).toBe('Answered');
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'mcp-fleet-operator', version: '1.2.3' },
  };
  for (const [i, method] of ['server/discover', 'tools/list'].entries()) {
    expect(seen[i]).toMatchObject({
      headers: {
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
        accept: 'application/json, text/event-stream',
      },
      call: { jsonrpc: '2.0', method, params: { _meta: meta } },
    });
  }
});

test('a hash depends on what a client sees of the tool, not on the order of keys', async () => {
  const url = await listen(
    answering(
      listing([
        { name: 'b', description: 'x', inputSchema: { type: 'object', required: ['q'] } },
        { name: 'a', inputSchema: { required: ['q'], type: 'object' }, description: 'x', annotations: { title: 'A' } },
        { name: 'c', description: 'x', inputSchema: { type: 'object', required: ['q'], additionalProperties: false } },
      ]),
    ),
  );
  const [a, b, c] = toolsOf(await ask(url)) ?? [];
  expect([a?.name, b?.name, c?.name]).toEqual(['a', 'b', 'c']);
  expect(a?.hash).toBe(b?.hash);
  expect(c?.hash).not.toBe(b?.hash);
});

test('reads all pages, and no more than a status holds', async () => {
  const url = await listen(
    answering(({ method, params }) => {
      const page = Number(params['cursor'] ?? 0);
      const tools = Array.from({ length: 100 }, (_, i) => ({ name: `t${page * 100 + i}` }));
      return method === 'tools/list' ? { tools, nextCursor: String(page + 1) } : DISCOVERED;
    }),
  );
  expect(toolsOf(await ask(url))).toHaveLength(512);
});

test('an answer as an event stream counts, with what comes before it passed over', async () => {
  const url = await listen(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { id, method } = JSON.parse(body) as Call;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`: hello\n\ndata: {"jsonrpc":"2.0","method":"notifications/message"}\n\n`);
    // The stream stays open: nobody waits for its end.
    response.write(
      `data: ${JSON.stringify({ jsonrpc: '2.0', id, result: listing([])({ id, method, params: {} }) })}\n\n`,
    );
  });
  expect((await ask(url)).outcome).toBe('Answered');
});

const text =
  (status: number, body: string | Buffer, type = 'application/json'): Listener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': type }).end(body);
  };

test.each<[string, Listener, string]>([
  ['another kind of server', text(404, 'not here', 'text/html'), 'HTTP 404'],
  ['no JSON', text(200, '<html>'), 'not with a JSON-RPC result'],
  ['an error', text(400, '{"jsonrpc":"2.0","error":{"code":-32022,"message":"old\\u0007"}}'), 'the error -32022: old'],
  ['no versions', answering(() => ({})), 'without supportedVersions'],
  ['no list of tools', answering(listing('none')), 'without a list of tools'],
  ['an endless answer', text(200, Buffer.alloc(5 * 1024 * 1024, 0x20)), 'longer than 4194304 bytes'],
  [
    'a bottomless answer',
    text(200, `{"jsonrpc":"2.0","id":1,"result":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`),
    'too deep',
  ],
  ['a closed connection', (request) => void request.socket.destroy(), 'The connection to the Service failed'],
])('%s is said to be no MCP server', async (_title, listener, message) => {
  expect(await ask(await listen(listener))).toMatchObject({
    outcome: 'HandshakeFailed',
    message: expect.stringContaining(message) as string,
  });
});

test.each([
  ['Bearer resource_metadata="https://a.example.com/.well-known/oauth-protected-resource/mcp"', 'Guarded'],
  ['Basic realm="a"', 'HandshakeFailed'],
])('a server that answers 401 with %s is %s', async (challenge, outcome) => {
  const url = await listen((_request, response) => {
    response.writeHead(401, { 'www-authenticate': challenge, 'content-type': 'text/plain' }).end('no');
  });
  expect((await ask(url)).outcome).toBe(outcome);
});

test('what a server says of itself is cut and cleaned', async () => {
  const info = { name: `a\u001b[2J\n${'b'.repeat(1000)}`, version: 7 };
  const meta = { 'io.modelcontextprotocol/serverInfo': info };
  const names = ['ok', '', 3, 'ok', 'x'.repeat(500)].map((name) => ({ name }));
  const url = await listen(
    answering(({ method }) => (method === 'tools/list' ? { tools: [...names, null] } : { ...DISCOVERED, _meta: meta })),
  );
  const finding = await ask(url);
  expect(finding).toMatchObject({
    outcome: 'Answered',
    version: '',
    serverName: expect.stringMatching(/^a \[2J b/) as string,
  });
  expect(toolsOf(finding)?.map(({ name }) => name.length)).toEqual([2, 128]);
});

test('nobody there is told by the code of the failure', async () => {
  const url = await listen(() => undefined);
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  expect(await ask(url)).toEqual({
    outcome: 'HandshakeFailed',
    message: 'The connection to the Service failed (ECONNREFUSED).',
  });
});

test('ends when the caller ends it', async () => {
  const url = await listen(() => undefined);
  await expect(ask(url, AbortSignal.timeout(50))).rejects.toThrow('timeout');
});

test('the ways in which the system says that nobody answers are one finding', async () => {
  const failing = (failure: Error): Mcp => ({
    ask: async () => {
      throw failure;
    },
    close: async () => undefined,
  });
  const failures = [
    new errors.ConnectTimeoutError('Connect Timeout Error'),
    Object.assign(new Error('connect EHOSTUNREACH'), { code: 'EHOSTUNREACH' }),
    Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT' }),
  ];
  for (const failure of failures)
    expect(await handshake(failing(failure), AbortSignal.timeout(5000))).toEqual({
      outcome: 'Timeout',
      message: 'No connection to the Service.',
    });
});

/** Listens and never accepts, so that its queue is full soon and no further connection comes about. */
const DEAF = `
  const { parentPort } = require('node:worker_threads');
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;

test('who gives up does not wait for a connection that never comes about', async () => {
  const deaf = new Worker(DEAF, { eval: true });
  const port = await new Promise<number>((resolve) => void deaf.once('message', resolve));
  const queue = Array.from({ length: 8 }, () => connect(port, '127.0.0.1'));
  await Promise.all(queue.slice(0, 2).map((socket) => new Promise((resolve) => void socket.once('connect', resolve))));
  const wish = new AbortController();
  const asking = ask(`http://127.0.0.1:${port}/mcp`, wish.signal);
  const began = performance.now();
  wish.abort(new Error('enough'));
  await expect(asking).rejects.toThrow('enough');
  expect(performance.now() - began).toBeLessThan(1000);
  for (const socket of queue) socket.destroy();
  await deaf.terminate();
});
