/** A bare HTTP server over the modern era alone, for tests; what the front checks is not checked here. */
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { EventBus } from '../../events/event.ts';
import { allowHandOver } from '../../http/hand-over.ts';
import { createTimerWheel } from '../../http/timer-wheel.ts';
import { createLog } from '../../telemetry/log.ts';
import type { Caller, Toolset } from '../../toolsets/toolset.ts';
import { type TestDispatch, type TestDispatchOptions, testDispatch } from '../dispatch.testing.ts';
import { createModernEndpoint, type ModernEndpoint } from './endpoint.ts';
import type { Extension } from './methods.ts';

export interface TestServer extends TestDispatch {
  readonly url: string;
  readonly endpoint: ModernEndpoint;
  close(): Promise<void>;
}

export interface TestServerOptions extends TestDispatchOptions {
  readonly caller?: Caller;
  readonly patienceMs?: number;
  readonly maxSubscriptions?: number;
  readonly endMs?: (count: number) => number;
  readonly bus?: EventBus;
  readonly extensions?: (test: TestDispatch) => readonly Extension[];
}

export async function serveModern<Deps>(
  toolset: Toolset<Deps, never> | Toolset<Deps, unknown>,
  deps: Deps,
  options: TestServerOptions = {},
): Promise<TestServer> {
  const test = testDispatch(toolset, deps, options);
  const { caller = { id: 'ann' }, patienceMs = 15_000, maxSubscriptions = 10, bus = test.bus } = options;
  const endpoint = createModernEndpoint({
    ...test,
    ...(options.endMs && { endMs: options.endMs }),
    bus,
    extensions: options.extensions?.({ ...test, bus }),
    identity: { name: 'test', version: '1.2.3' },
    wheel: createTimerWheel({ periodMs: 40, slots: 4 }),
    maxSubscriptions,
    patienceMs,
    challenge: (scopes) => ({
      status: 403,
      reason: 'scope',
      message: 'insufficient scope',
      headers: { 'www-authenticate': `Bearer scope="${scopes.join(' ')}"` },
    }),
    log: createLog({ level: 'silent', destination: 'stderr' }),
  });
  const server = createServer((request, response) => {
    if (request.method !== 'POST') {
      response.writeHead(405).end();
      return;
    }
    void text(request).then((body) => endpoint.handle(request, response, JSON.parse(body), caller));
  });
  allowHandOver(server);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    ...test,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    endpoint,
    async close() {
      await endpoint.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
