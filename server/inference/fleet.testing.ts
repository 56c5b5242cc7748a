/**
 * Backends for tests of routing: real servers on loopback, known to a router as if
 * discovered, with everything that a test may want to look at.
 */
import { type Logger, pino } from 'pino';
import { openBackend } from '#models/adapters.ts';
import type { Timeouts } from '#models/backend.ts';
import { engine } from '#models/testing/openai-engine.ts';
import { type Script, type Scripted, startScripted } from '#models/testing/scripted.ts';
import type { RouteConfig } from '../config.ts';
import { type ChatDeps, chat } from './chat.ts';
import { type Connections, createConnections } from './connections.ts';
import type { InferenceOptions } from './inference.ts';
import type { KnownBackend } from './known.ts';
import type { Attempt } from './metrics.ts';
import { createRests, type Rests } from './rests.ts';

export const question = { messages: [{ role: 'user', content: 'hi' }] } as const;

export const timeouts = { connectMs: 500, firstByteMs: 300, idleMs: 200, requestMs: 5_000 };

/** Log lines as objects. */
export function recordedLog(): { readonly log: Logger; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { log: pino({ level: 'debug', base: null, messageKey: 'message' }, { write }), lines };
}

export const systemClock = {
  now: () => performance.now(),
  after(ms: number, fn: () => void) {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};

export interface Fleet {
  readonly servers: Readonly<Record<string, Scripted>>;
  readonly backends: Map<string, KnownBackend>;
  readonly connections: Connections;
  readonly rests: Rests;
  readonly attempts: Attempt[];
  readonly lines: Record<string, unknown>[];
  readonly ask: (options?: InferenceOptions) => ReturnType<typeof chat>;
  /** As a discovery would: the backend changed. */
  readonly know: (backend: KnownBackend) => void;
  readonly close: () => Promise<void>;
}

export function knownAt(name: string, url: string, change: Partial<KnownBackend> = {}): KnownBackend {
  const model = {
    name: `${name}-model`,
    upstreamName: 'm',
    tasks: ['Chat' as const],
    maxOutputTokens: undefined,
    loaded: true,
  };
  const endpoint = { url, pathPrefix: '', headers: {}, timeouts };
  return {
    name,
    ready: true,
    reason: 'Serving',
    models: [model],
    protocol: 'OpenAI',
    endpoint,
    identity: url,
    ...change,
  };
}

/** One backend per script; the route `default` tries them in this order. `true` stands for an engine that says its name. */
export async function startFleet(
  scripts: Readonly<Record<string, Script | true>>,
  options: {
    readonly routes?: readonly RouteConfig[];
    readonly deadlineMs?: number;
    readonly samePriority?: boolean;
    readonly times?: Timeouts;
  } = {},
): Promise<Fleet> {
  const servers: Record<string, Scripted> = {};
  const backends = new Map<string, KnownBackend>();
  for (const [name, script] of Object.entries(scripts)) {
    servers[name] = await startScripted(script === true ? engine(['m'], name) : script);
    const { url } = servers[name];
    const endpoint = { url, pathPrefix: '', headers: {}, timeouts: options.times ?? timeouts };
    backends.set(name, knownAt(name, url, { endpoint }));
  }
  const targets = Object.keys(scripts).map((name, i) => ({
    backend: name,
    model: `${name}-model`,
    priority: options.samePriority === true ? 0 : i,
  }));
  const routes = options.routes ?? [{ name: 'default', targets, deadlineMs: options.deadlineMs ?? 5_000 }];
  const connections = createConnections(({ protocol, endpoint }) =>
    endpoint === undefined ? undefined : openBackend(protocol, endpoint),
  );
  const rests = createRests(() => systemClock.now());
  const attempts: Attempt[] = [];
  const metrics = { attempt: (attempt: Attempt) => void attempts.push(attempt), observe: () => undefined };
  const { log, lines } = recordedLog();
  const deps: ChatDeps = {
    routes,
    backends: () => backends,
    connections,
    rests,
    metrics,
    clock: systemClock,
    random: Math.random,
    log,
  };
  return {
    servers,
    backends,
    connections,
    rests,
    attempts,
    lines,
    ask: (asked = {}) => chat(deps, question, asked),
    know(backend) {
      backends.set(backend.name, backend);
      connections.retain(backends);
      rests.retain(backends);
    },
    async close() {
      await connections.close();
      await Promise.all(Object.values(servers).map((server) => server.close()));
    },
  };
}
