/**
 * A proxy that knows nothing of MCP: every request goes to the next backend. A backend that does not answer is a 502.
 */
import { createServer, request as open } from 'node:http';
import { listen, stopListening } from '../../http/listen.ts';

export interface RoundRobin {
  readonly origin: string;
  /** Requests so far, by backend. */
  readonly hits: readonly number[];
  close(): Promise<void>;
}

export async function startRoundRobin(backends: readonly string[]): Promise<RoundRobin> {
  const hits = backends.map(() => 0);
  let turn = 0;
  const server = createServer((request, response) => {
    const to = turn++ % backends.length;
    hits[to] = (hits[to] ?? 0) + 1;
    const { hostname, port } = new URL(backends[to] ?? '');
    const { method, url: path, headers } = request;
    const upstream = open({ hostname, port, method, path, headers, agent: false });
    upstream.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
      answer.once('error', () => response.destroy());
    });
    upstream.once('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
    response.once('close', () => upstream.destroy());
    request.pipe(upstream);
  });
  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  return { origin: `http://127.0.0.1:${port}`, hits, close: () => stopListening(server, 0) };
}
