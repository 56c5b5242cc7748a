/**
 * The older revisions alone behind a real HTTP server on loopback, for tests and for one pod of several.
 */
import { createServer } from 'node:http';
import { onTestFinished } from 'vitest';
import { createLocalBus, type EventBus } from '../../events/event.ts';
import { IncomingRequest, receiveBody } from '../../http/body.ts';
import { parseJson } from '../../http/json.ts';
import { listen, stopListening } from '../../http/listen.ts';
import { createTimerWheel } from '../../http/timer-wheel.ts';
import { createLog } from '../../telemetry/log.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import type { Toolset } from '../../toolsets/toolset.ts';
import { createDispatch } from '../dispatch.ts';
import { openSealer, type Sealer } from '../sealing.ts';
import { compileTable } from '../table.ts';
import { admittedCaller } from './admitted.ts';
import { createLegacyEndpoint, type LegacyEndpoint, type LegacyEndpointOptions } from './endpoint.ts';
import { talkingToolset } from './talking.testing.ts';

export interface LegacyServer {
  readonly url: string;
  readonly endpoint: LegacyEndpoint;
  readonly bus: EventBus;
  /** What happened to tools of the talking toolset. */
  readonly seen: string[];
  /** With `at once`, as a process that is killed. */
  close(how?: 'at once'): Promise<void>;
}

export interface LegacyServerOptions extends Partial<Pick<LegacyEndpointOptions, 'sessionTtlMs' | 'monotonic'>> {
  readonly toolset?: Toolset<unknown, unknown>;
  readonly sealer?: Sealer;
  readonly bus?: EventBus;
  readonly maxSessions?: number;
  /** Of comments on streams and of the sweep for sessions that nobody uses. */
  readonly periodMs?: number;
}

const log = createLog({ level: 'silent', destination: 'stderr' });

export async function startLegacyServer(options: LegacyServerOptions = {}): Promise<LegacyServer> {
  const { bus = createLocalBus(), maxSessions = 10, periodMs = 15_000, sealer = openSealer({ now, log }) } = options;
  const seen: string[] = [];
  const toolset = options.toolset ?? talkingToolset(seen);
  const deps = await toolset.open({} as never);
  // A client on a busy machine must not meet a connection that ends just when it is used again.
  const server = createServer({ keepAliveTimeout: 95_000, IncomingMessage: IncomingRequest }, (request, response) => {
    const admitted = admittedCaller(sealer, request, pod);
    const [, id = 'anonymous', scopes] = /^Bearer (\w+) ?(.*)$/.exec(request.headers.authorization ?? '') ?? [];
    const caller = admitted ?? { id, ...(scopes ? { scopes: new Set(scopes.split(' ')) } : {}) };
    if (request.method !== 'POST') void endpoint.handle(request, response, undefined, caller);
    else
      receiveBody(request, 4 << 20, (body) => {
        const parsed = body instanceof Buffer ? parseJson(body) : undefined;
        void endpoint.handle(request, response, parsed?.ok ? parsed.value : undefined, caller);
      });
  });
  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  const pod = `127.0.0.1:${port}`;
  const wheel = createTimerWheel({ periodMs });
  const endpoint = createLegacyEndpoint({
    dispatch: createDispatch({
      table: compileTable([{ toolset, deps }]),
      log,
      metrics: createMetrics({ processMetrics: false }),
      callTimeoutMs: 30_000,
      taskTimeoutMs: 60_000,
      strictOutput: true,
      sealer,
      publish: (event) => bus.publish(event),
      newId: () => 'id',
    }),
    identity: { name: 'test', version: '1.2.3' },
    sealer,
    bus,
    wheel,
    log,
    pod,
    limits: { maxSessions },
    challenge: (scopes) => ({ status: 403, reason: 'scope', message: `scope ${scopes.join(' ')}` }),
    ...options,
  });
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    endpoint,
    bus,
    seen,
    async close(how) {
      if (how === 'at once') server.closeAllConnections();
      await endpoint.close();
      await stopListening(server, 0);
      wheel.close();
    },
  };
}

/** A server that ends with the test that starts it. */
export async function startForTest(options: LegacyServerOptions = {}): Promise<LegacyServer> {
  const server = await startLegacyServer(options);
  onTestFinished(() => server.close());
  return server;
}

const now = (): Date => new Date();
