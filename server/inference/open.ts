/**
 * Inference with its lifetime, from the server's configuration: where backends come
 * from, connections to them, routing and figures. Must not know who asks.
 */
import type { Logger } from 'pino';
import type { openBackend } from '#models/adapters.ts';
import type { Proxy } from '#models/proxy.ts';
import type { Clock } from '#models/schedule.ts';
import type { ServerConfig } from '../config.ts';
import { type ChatDeps, chat } from './chat.ts';
import type { ClusterClient } from './cluster.ts';
import { createConnections } from './connections.ts';
import type { BackendView, Inference } from './inference.ts';
import type { Discovery } from './known.ts';
import { type InferenceMetrics, noInferenceMetrics } from './metrics.ts';
import { createRests } from './rests.ts';

/** Longest time for which a server that knows no backends yet says that it is not ready, in milliseconds. */
const PATIENCE = 5_000;

export interface InferenceDeps {
  readonly log: Logger;
  readonly clock?: Clock;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
  readonly metrics?: InferenceMetrics;
  /** Variables for `${NAME}` in files. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Credentials of backends from files, by name. */
  readonly credentials?: ReadonlyMap<string, string>;
  readonly proxy?: Proxy | undefined;
  /** Client of the cluster; made from the pod's service account without it. */
  readonly client?: ClusterClient;
}

export interface OpenInference extends Inference {
  /** False for at most five seconds, until backends are known; then without them if need be. */
  ready(): boolean;
  /** Milliseconds since the source of backends last said something; undefined before the first time. */
  snapshotAgeMs(): number | undefined;
  close(): Promise<void>;
}

const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};

/** Throws ConfigError for files that cannot be used. */
export async function openInference(config: ServerConfig, deps: InferenceDeps): Promise<OpenInference> {
  const { log, clock = systemClock, random = Math.random, metrics = noInferenceMetrics, proxy } = deps;
  const opened = clock.now();
  /** Loaded for the first question: a server answers much else before that. */
  let adapters: { readonly openBackend: typeof openBackend } | undefined;
  const connections = createConnections(({ protocol, endpoint }) =>
    endpoint === undefined ? undefined : adapters?.openBackend(protocol, endpoint, { proxy }),
  );
  const rests = createRests(() => clock.now());
  const onChange = (): void => {
    const known = discovery?.backends() ?? new Map();
    connections.retain(known);
    rests.retain(known);
  };
  let discovery: Discovery | undefined;
  discovery = await discover(config, { ...deps, clock, random, onChange });
  const found = discovery;
  const chatDeps: ChatDeps = {
    routes: config.routes,
    backends: () => found.backends(),
    connections,
    rests,
    metrics,
    clock,
    random,
    log,
  };
  const backends = () => [...found.backends().values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const perBackend = <T>(read: (name: string, ready: boolean) => T) =>
    new Map(backends().map(({ name, ready }) => [name, read(name, ready)]));
  metrics.observe({
    inFlight: () => perBackend((name) => connections.inFlight(name)),
    ready: () => perBackend((_, ready) => ready),
    snapshotAgeMs: () => found.snapshotAgeMs(),
  });
  const patienceLeft = (): number => PATIENCE - (clock.now() - opened);

  return {
    async chat(question, options = {}) {
      adapters ??= await import('#models/adapters.ts');
      if (!found.synced() && patienceLeft() > 0) await known(found, clock, patienceLeft(), options.signal);
      return chat(chatDeps, question, options);
    },
    backends: (): readonly BackendView[] =>
      backends().map(({ name, ready, reason, models }) => ({
        name,
        ready,
        reason,
        models: models.filter(({ loaded }) => loaded).map((model) => model.name),
      })),
    ready: () => found.synced() || patienceLeft() <= 0,
    snapshotAgeMs: () => found.snapshotAgeMs(),
    async close() {
      await found.close();
      await connections.close();
    },
  };
}

/** Resolves when backends are known, when patience is over, or when the caller leaves. */
function known(discovery: Discovery, clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve);
    const finish = (): void => {
      cancel();
      resolve();
    };
    signal?.addEventListener('abort', finish, { once: true });
    void discovery.whenSynced().then(() => finish());
  });
}

interface DiscoverDeps extends InferenceDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly onChange: () => void;
}

/** What only one source needs is loaded with it. */
async function discover({ backends }: ServerConfig, deps: DiscoverDeps): Promise<Discovery> {
  switch (backends.source) {
    case 'None':
      return {
        backends: () => new Map(),
        synced: () => true,
        whenSynced: () => Promise.resolve(),
        snapshotAgeMs: () => undefined,
        close: () => Promise.resolve(),
      };
    case 'Files': {
      const { discoverFiles } = await import('./files.ts');
      const { environment = {}, credentials = new Map(), proxy } = deps;
      return discoverFiles(backends.paths, { ...deps, environment, credentials, proxy });
    }
    case 'Cluster': {
      const { discoverCluster, podClient } = await import('./cluster.ts');
      if (deps.client !== undefined) return discoverCluster(backends, { ...deps, client: deps.client });
      const client = await podClient(deps.environment);
      const discovery = discoverCluster(backends, { ...deps, client });
      const close = () => discovery.close().then(() => client.close());
      return { ...discovery, close };
    }
    default:
      return backends satisfies never;
  }
}
