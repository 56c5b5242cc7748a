/**
 * A forward proxy on loopback that stands for every server in a cluster: the operator asks by Service name, and what
 * each name answers is up to the test. Names that begin with `hang` are accepted and never answered.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface McpProxy extends AsyncDisposable {
  readonly url: string;
  /** Names of Services that were asked, in order. */
  readonly asked: string[];
  /** Tools that every server lists. */
  tools: readonly object[];
  /** Answers instead of the usual, where it returns true. */
  intercept: (host: string, response: ServerResponse) => boolean;
}

const META = { 'io.modelcontextprotocol/serverInfo': { name: 'assistant', version: '0.1.0' } };

export async function startMcpProxy(): Promise<McpProxy> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const host = new URL(request.url ?? '', `http://${request.headers.host}`).hostname;
    proxy.asked.push(host);
    if (host.startsWith('hang') || proxy.intercept(host, response)) return;
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { id, method } = JSON.parse(body) as { id: number; method: string };
    const common = { resultType: 'complete', ttlMs: 0, cacheScope: 'public', _meta: META };
    const result =
      method === 'tools/list'
        ? { ...common, tools: proxy.tools }
        : { ...common, supportedVersions: ['2026-07-28', '2025-11-25'], capabilities: { tools: {} } };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
  };
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  };
  const inner = createServer(handle);
  const outer = createServer(handle);
  outer.on('connect', (_request, socket) => {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    inner.emit('connection', socket);
  });
  await new Promise<void>((resolve) => {
    outer.listen(0, '127.0.0.1', resolve);
  });
  const proxy: McpProxy = {
    url: `http://127.0.0.1:${(outer.address() as AddressInfo).port}`,
    asked: [],
    tools: [{ name: 'create_task', description: 'Creates a task.', inputSchema: { type: 'object' } }],
    intercept: () => false,
    [Symbol.asyncDispose]: async () => {
      inner.closeAllConnections();
      outer.closeAllConnections();
      await new Promise((resolve) => {
        outer.close(resolve);
      });
    },
  };
  return proxy;
}
