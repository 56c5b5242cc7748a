/**
 * Where the API server is and how to prove who we are: in a cluster from the service account's files, outside from a
 * kubeconfig. Plain kubeconfigs are read here; client-node (90 MB of memory) is loaded only for exec plug-ins and auth
 * providers. It reads files when asked and must not read the environment.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { type Clock, systemClock } from './clock.ts';

/** PEM material for the connection; the same object as long as nothing changed, so that a reader can compare by identity. */
export interface Tls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
}

export interface ClusterConfig {
  /** Base URL, without a slash at the end. */
  readonly server: string;
  /** The namespace to use where none is named. */
  readonly namespace: string;
  tls(): Promise<Tls>;
  /** The Authorization header, if credentials travel in one. */
  authorization(): Promise<string | undefined>;
}

/** How long what was read from a file (token, CA) is used before it is read again, ms. */
const rereadMs = 60_000;

/** The configuration of a pod. `host` and `port` are what KUBERNETES_SERVICE_HOST and _PORT hold. */
export async function inClusterConfig(options: {
  readonly host: string;
  readonly port: string;
  readonly directory?: string;
  readonly clock?: Clock;
}): Promise<ClusterConfig> {
  const directory = options.directory ?? '/var/run/secrets/kubernetes.io/serviceaccount';
  const clock = options.clock ?? systemClock;
  const token = rereading(join(directory, 'token'), clock);
  const ca = rereading(join(directory, 'ca.crt'), clock);
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  let tls: Tls = { ca: await ca(), rejectUnauthorized: true };
  return {
    server: `https://${host}:${options.port}`,
    namespace: (await readFile(join(directory, 'namespace'), 'utf8')).trim(),
    tls: async () => {
      const content = await ca();
      if (content !== tls.ca) tls = { ca: content, rejectUnauthorized: true };
      return tls;
    },
    authorization: async () => `Bearer ${(await token()).trim()}`,
  };
}

interface NamedEntry {
  readonly name: string;
  readonly cluster?: Readonly<Record<string, unknown>>;
  readonly user?: Readonly<Record<string, unknown>>;
  readonly context?: Readonly<Record<string, unknown>>;
}

/** The configuration a kubeconfig file's context names, by default the current one. */
export async function loadKubeconfig(
  path: string,
  options: { readonly context?: string; readonly clock?: Clock } = {},
): Promise<ClusterConfig> {
  const file = parse(await readFile(path, 'utf8')) as Readonly<Record<string, unknown>> | null;
  const find = (list: string, name: unknown): NamedEntry => {
    const entries = file?.[list];
    const found = Array.isArray(entries) ? (entries as NamedEntry[]).find((entry) => entry.name === name) : undefined;
    if (found === undefined) throw new Error(`${path}: ${list} has no entry named ${String(name)}`);
    return found;
  };
  const name = options.context ?? text(file?.['current-context']);
  const context = find('contexts', name).context ?? {};
  const cluster = find('clusters', context['cluster']).cluster ?? {};
  const user = find('users', context['user']).user ?? {};
  const base = dirname(resolve(path));
  const pem = async (from: Readonly<Record<string, unknown>>, field: string): Promise<string | undefined> => {
    const inline = text(from[`${field}-data`]);
    if (inline !== undefined) return Buffer.from(inline, 'base64').toString('utf8');
    const at = text(from[field]);
    return at === undefined ? undefined : readFile(resolve(base, at), 'utf8');
  };
  const server = text(cluster['server'])?.replace(/\/+$/, '');
  if (server === undefined) throw new Error(`${path}: the cluster of context ${String(name)} names no server`);
  const ca = await pem(cluster, 'certificate-authority');
  const servername = text(cluster['tls-server-name']);
  const own = {
    ...(ca === undefined ? {} : { ca }),
    ...(servername === undefined ? {} : { servername }),
    rejectUnauthorized: cluster['insecure-skip-tls-verify'] !== true,
  };
  const namespace = text(context['namespace']) ?? 'default';
  if (user['exec'] !== undefined || user['auth-provider'] !== undefined) {
    return { server, namespace, ...(await delegated(path, name, own, options.clock ?? systemClock)) };
  }
  const cert = await pem(user, 'client-certificate');
  const key = await pem(user, 'client-key');
  const tls: Tls = { ...own, ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
  return { server, namespace, tls: () => Promise.resolve(tls), authorization: bearer(user, base, options.clock) };
}

function bearer(
  user: Readonly<Record<string, unknown>>,
  base: string,
  clock: Clock = systemClock,
): () => Promise<string | undefined> {
  const tokenFile = text(user['tokenFile']);
  if (tokenFile !== undefined) {
    const read = rereading(resolve(base, tokenFile), clock);
    return async () => `Bearer ${(await read()).trim()}`;
  }
  const token = text(user['token']);
  const name = text(user['username']);
  const basic = name === undefined ? undefined : `${name}:${text(user['password']) ?? ''}`;
  const header = token !== undefined ? `Bearer ${token}` : basic && `Basic ${Buffer.from(basic).toString('base64')}`;
  return () => Promise.resolve(header);
}

/** Credentials by an exec plug-in or auth provider, asked of client-node once a minute. */
async function delegated(
  path: string,
  context: string | undefined,
  own: Tls,
  clock: Clock,
): Promise<Pick<ClusterConfig, 'tls' | 'authorization'>> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromFile(path);
  if (context !== undefined) config.setCurrentContext(context);
  let tls = own;
  const read = rereadEvery(clock, async () => {
    const options: { cert?: string | Buffer; key?: string | Buffer; headers?: Record<string, unknown> } = {
      headers: {},
    };
    await config.applyToHTTPSOptions(options as Parameters<typeof config.applyToHTTPSOptions>[0]);
    const cert = options.cert?.toString();
    const key = options.key?.toString();
    if (cert !== tls.cert || key !== tls.key) {
      tls = { ...own, ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) };
    }
    return { tls, authorization: text(options.headers?.['Authorization']) };
  });
  return { tls: async () => (await read()).tls, authorization: async () => (await read()).authorization };
}

const rereading = (path: string, clock: Clock): (() => Promise<string>) =>
  rereadEvery(clock, () => readFile(path, 'utf8'));

/** What `read` gives, at most a minute old; callers at the same time share one reading, and a failed one is not kept. */
function rereadEvery<T>(clock: Clock, read: () => Promise<T>): () => Promise<T> {
  let held: { readonly at: number; readonly value: Promise<T> } | undefined;
  return () => {
    if (held !== undefined && clock.now() - held.at < rereadMs) return held.value;
    const value = read();
    const mine = { at: clock.now(), value };
    held = mine;
    value.catch(() => {
      if (held === mine) held = undefined;
    });
    return value;
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
