/**
 * Backends from ModelBackend YAML, for a server without a cluster. Files are read again
 * when they change; nobody publishes a status there, so the server probes the backends
 * itself. Must not know how a backend is asked.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { ModelBackend } from '#crds/modelbackend-status.ts';
import { openBackend } from '#models/adapters.ts';
import { type Address, declaredAddress, endpointOf, type ReadCredential } from '#models/endpoint.ts';
import { type ProbeResult, targetOf } from '#models/probe.ts';
import { createProber, type Prober } from '#models/prober.ts';
import type { Proxy } from '#models/proxy.ts';
import type { Clock } from '#models/schedule.ts';
import { ConfigError } from '../config-error.ts';
import { readResources } from '../local/files.ts';
import { type Discovery, type KnownBackend, knownBackend } from './known.ts';
import { substituted } from './substitution.ts';

/** Where a ModelBackend is reached on this machine, whatever its type. */
const LOCAL_URL = 'mcpfleet.dev/local-url';
/** Its credential on this machine, usually `${NAME}` of a variable. */
const LOCAL_CREDENTIAL = 'mcpfleet.dev/local-credential';
/** Milliseconds between looks at the files. */
const LOOK = 1_000;

export interface FilesOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly onChange: () => void;
  /** Values of `${NAME}`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Credentials by name of the backend; they win over annotations. */
  readonly credentials: ReadonlyMap<string, string>;
  readonly proxy: Proxy | undefined;
}

interface Local {
  readonly backend: ModelBackend;
  readonly address: Address | undefined;
  readonly credential: ReadCredential;
}

/** Throws ConfigError for files that cannot be used now; later mistakes are logged and the last good state stays. */
export async function discoverFiles(paths: readonly string[], options: FilesOptions): Promise<Discovery> {
  const { clock, random, log, onChange, proxy } = options;
  let locals = new Map<string, Local>();
  let known = new Map<string, KnownBackend>();
  let version = '';
  let readAt = clock.now();
  let cancelLook = (): void => undefined;
  let closed = false;
  const synced = Promise.withResolvers<void>();
  let isSynced = false;

  const prober: Prober = createProber({
    open: ({ protocol, endpoint }) => openBackend(protocol, endpoint, { proxy }),
    clock,
    random,
    onResult: () => rebuild(),
    onError(backend, error) {
      log.error({ backend, err: error }, 'probing failed');
    },
  });

  function rebuild(): void {
    known = new Map(
      [...locals].map(([name, { backend, address, credential }]) => [
        name,
        knownBackend(backend, { ...judged(address, prober.result(name)), address }, credential),
      ]),
    );
    isSynced ||= [...locals].every(([name, { address }]) => address === undefined || isJudged(prober.result(name)));
    if (isSynced) synced.resolve();
    onChange();
  }

  async function read(): Promise<void> {
    const before = await versionOf(paths);
    if (before === version) return;
    const { backends } = await readResources(paths);
    const next = new Map(backends.map((backend) => [backend.metadata.name, localOf(backend, options)]));
    version = before;
    for (const name of locals.keys()) if (!next.has(name)) prober.forget(name);
    locals = next;
    for (const [name, { backend, address, credential }] of locals) {
      if (address !== undefined) watch(prober, name, backend, address, credential);
      else {
        prober.forget(name);
        log.warn({ backend: name }, `ModelBackend ${name} runs in a cluster only. ${CURE}`);
      }
    }
    rebuild();
  }

  function look(): void {
    if (closed) return;
    cancelLook = clock.after(LOOK, () => {
      read()
        .then(() => {
          readAt = clock.now();
        })
        .catch((error: unknown) => {
          version = '';
          log.error({ err: error }, 'the files of backends cannot be used; the last good state stays');
        })
        .finally(look);
    });
  }

  await read().catch(async (error: unknown) => {
    await prober.stop();
    throw error;
  });
  look();
  return {
    backends: () => known,
    synced: () => isSynced,
    whenSynced: () => synced.promise,
    snapshotAgeMs: () => clock.now() - readAt,
    async close() {
      closed = true;
      cancelLook();
      await prober.stop();
    },
  };
}

const CURE = `Without one it needs spec.type External or Service, or the annotation ${LOCAL_URL} with a loopback URL such as http://127.0.0.1:8000`;

function localOf(read: ModelBackend, { environment, credentials }: FilesOptions): Local {
  const backend = substituted(read, environment, `ModelBackend ${read.metadata.name}`);
  const { name, namespace, annotations } = backend.metadata as Readonly<Record<string, unknown>> & { name: string };
  const notes = (annotations ?? {}) as Readonly<Record<string, unknown>>;
  const url = notes[LOCAL_URL];
  const token = credentials.get(name) ?? notes[LOCAL_CREDENTIAL];
  return {
    backend,
    address:
      url === undefined
        ? declaredAddress(backend.spec, typeof namespace === 'string' ? namespace : 'default')
        : localAddress(url, name),
    credential: () => Promise.resolve(typeof token === 'string' ? token : undefined),
  };
}

function localAddress(value: unknown, name: string): Address {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  const loopback = ['127.0.0.1', 'localhost', '[::1]'];
  if (url === undefined || !/^https?:$/.test(url.protocol) || !loopback.includes(url.hostname)) {
    throw new ConfigError(
      `ModelBackend ${name}: annotation ${LOCAL_URL}: not a URL of this machine such as http://127.0.0.1:8000`,
    );
  }
  return { url: url.origin, pathPrefix: url.pathname.replace(/\/$/, '') };
}

function watch(
  prober: Prober,
  name: string,
  backend: ModelBackend,
  address: Address,
  credential: ReadCredential,
): void {
  const endpoint = endpointOf(backend, address, credential);
  prober.watch(name, targetOf(backend.spec, endpoint, JSON.stringify(backend.spec.auth)));
}

function judged(address: Address | undefined, result: ProbeResult | undefined) {
  if (address === undefined) return { ready: false, reason: 'UnsupportedCombination', loaded: new Set<string>() };
  if (result === undefined) return { ready: false, reason: 'Pending', loaded: new Set<string>() };
  const { reachable, models } = result;
  const loaded = models.filter(({ state }) => state === 'Loaded');
  const ready = reachable.status === 'True' && loaded.length > 0;
  const reason = ready ? 'Serving' : reachable.status === 'True' ? (models[0]?.reason ?? 'Pending') : reachable.reason;
  return { ready, reason, loaded: new Set(loaded.map(({ name }) => name)) };
}

function isJudged(result: ProbeResult | undefined): boolean {
  if (result === undefined || result.reachable.status === 'Unknown') return false;
  return (
    result.reachable.status === 'False' ||
    result.models.every(({ state }) => state !== 'Pending' && state !== 'Loading')
  );
}

/** Changes when a file is added, removed or written. */
async function versionOf(paths: readonly string[]): Promise<string> {
  const files = await Promise.all(
    paths.map(async (path) => {
      const names = await readdir(path).catch(() => undefined);
      return names === undefined ? [path] : names.sort().map((name) => join(path, name));
    }),
  );
  const stats = await Promise.all(
    files.flat().map(async (file) => [file, await stat(file).catch(() => undefined)] as const),
  );
  return JSON.stringify(stats.map(([file, found]) => [file, found?.ino, found?.mtimeMs, found?.size]));
}
