/**
 * The small HTTP server beside a controller: /healthz, /readyz and /metrics. It must not know what makes the process
 * ready; it asks.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';

export interface HealthOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Undefined when ready, else a sentence about what is missing. */
  readonly unready: () => string | undefined;
  readonly registry?: Registry;
}

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

export async function startHealthServer(options: HealthOptions): Promise<HealthServer> {
  const answer = async (path: string): Promise<{ code: number; type: string; body: string }> => {
    const type = 'text/plain; charset=utf-8';
    if (path === '/healthz') return { code: 200, type, body: 'ok' };
    if (path === '/readyz') {
      const missing = options.unready();
      return { code: missing === undefined ? 200 : 503, type, body: missing ?? 'ok' };
    }
    if (path === '/metrics' && options.registry !== undefined) {
      return { code: 200, type: options.registry.contentType, body: await options.registry.metrics() };
    }
    return { code: 404, type, body: 'not found' };
  };
  const server = createServer({ requestTimeout: 5000, headersTimeout: 5000 }, (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    answer(request.method === 'GET' ? path : '').then(
      ({ code, type, body }) => response.writeHead(code, { 'content-type': type }).end(body),
      () => response.writeHead(500).end(),
    );
  });
  await listen(server, options.host, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}
