/**
 * A forward proxy that answers MCP's handshake for every server name at once, and for
 * names that begin with `hang` accepts and never answers. Fake pods answer nothing, so
 * the operator's probes go here.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface Handshake extends AsyncDisposable {
  readonly url: string;
  readonly seen: { answered: number; hanging: number };
}

const TOOLS = ['create_task', 'list_tasks', 'get_task'].map((name) => ({
  name,
  description: name,
  inputSchema: { type: 'object' },
}));

export async function startHandshake(): Promise<Handshake> {
  const seen = { answered: 0, hanging: 0 };
  const answer = (request: IncomingMessage, response: ServerResponse, host: string) => {
    if (host.startsWith('hang')) {
      seen.hanging += 1;
      return;
    }
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      seen.answered += 1;
      const call = JSON.parse(body) as { id: number; method: string };
      const result =
        call.method === 'tools/list'
          ? { resultType: 'complete', tools: TOOLS, ttlMs: 0, cacheScope: 'public' }
          : {
              resultType: 'complete',
              supportedVersions: ['2026-07-28'],
              capabilities: { tools: {} },
              ttlMs: 0,
              cacheScope: 'public',
              _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'bench', version: '0.0.0' } },
            };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id: call.id, result }));
    });
  };
  // Plain requests carry the whole URL; CONNECT asks for a tunnel, which ends in a server of our own.
  const inner = createServer((request, response) => answer(request, response, request.headers.host ?? ''));
  const proxy = createServer((request, response) =>
    answer(request, response, new URL(request.url ?? '', 'http://none').hostname),
  );
  proxy.on('connect', (_request, socket) => {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    inner.emit('connection', socket);
  });
  const port = await new Promise<number>((resolve, reject) => {
    proxy.once('error', reject);
    proxy.listen(0, '127.0.0.1', () => {
      const address = proxy.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    [Symbol.asyncDispose]: async () => {
      proxy.closeAllConnections();
      inner.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
