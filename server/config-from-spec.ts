/**
 * From an McpServer to the configuration of its pods: the one translation, used by the operator for a ConfigMap and
 * by a server that reads the same YAML without a cluster. Pure; durations and sizes become numbers here.
 */
import { milliseconds } from '#crds/duration.ts';
import type { McpServerSpec } from '#crds/mcpserver-status.ts';
import { amount } from '#crds/quantity.ts';
import { type ServerConfig, type ServerConfigInput, serverConfig } from './config.ts';

/** What `renderServerConfig` reads of an McpServer; defaults of the schema must have been applied. */
export interface RenderedServer {
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
  readonly spec: McpServerSpec;
}

export interface RenderOptions {
  /** Where backends are read from; derived from `spec.backends` and the namespace without it. */
  readonly backends?: ServerConfig['backends'];
  /** Extra names by which clients reach the server, beside its Service, its host and loopback. */
  readonly hosts?: readonly string[];
  /** File of the embedded store; on the pod's data volume without it. */
  readonly databasePath?: string;
  /** File with PostgreSQL's URL; the mounted Secret without it. */
  readonly postgresUrlFile?: string;
  /** Folder in which Secrets are files, by name and key; where the pod mounts them without it. */
  readonly secretsDirectory?: string;
  /** Folder with one sub-folder per skill; the pod's without it. */
  readonly skillsDirectory?: string;
  /** URL for clients where the spec names none; the Service's without it. */
  readonly url?: string;
  /** Folder with the fleet's keys; the mounted Secret without it, none for `null`. */
  readonly keysDirectory?: string | null;
  readonly listen?: { readonly host?: string; readonly port?: number; readonly healthPort?: number };
}

/** Where things are in a pod; the operator mounts them there. */
export const POD = {
  databasePath: '/data/store.db',
  postgresUrlFile: '/var/run/postgres/url',
  keysDirectory: '/etc/mcp-fleet/keys',
  credentialsDirectory: '/var/run/model-credentials',
  redisUrlFile: '/var/run/redis/url',
  signingKeyFile: '/var/run/auth/signing.key',
  bootstrapAdminFile: '/var/run/auth/bootstrap-admin',
  skillsDirectory: '/var/run/skills',
} as const;

type SecretKey = { readonly name: string; readonly key: string };

/** Where a Secret's value is: in a pod, or in the folder that stands for Secrets elsewhere. */
const secretFile = ({ secretsDirectory }: RenderOptions, { name, key }: SecretKey, inPod: string): string =>
  secretsDirectory === undefined ? inPod : `${secretsDirectory}/${name}/${key}`;

/** URL of the MCP endpoint for clients; undefined where only the cluster reaches it. */
export function publicUrl({ exposure }: Pick<McpServerSpec, 'exposure'>): string | undefined {
  if (exposure.publicUrl !== undefined) return exposure.publicUrl;
  if (exposure.host === undefined) return undefined;
  const scheme = exposure.ingress?.tlsSecretName === undefined ? 'http' : 'https';
  return `${scheme}://${exposure.host}${exposure.path}`;
}

export function renderServerConfig(server: RenderedServer, options: RenderOptions = {}): ServerConfigInput {
  const { spec, metadata } = server;
  const namespace = metadata.namespace ?? 'default';
  const serviceHost = `${metadata.name}.${namespace}.svc.cluster.local`;
  const reached = options.url ?? `http://${serviceHost}${spec.exposure.path}`;
  // Tokens are made for a URL, so a server that takes tokens has one.
  const url = publicUrl(spec) ?? (spec.auth.type === 'None' ? undefined : reached);
  const { host, port, healthPort } = options.listen ?? {};
  const keysDirectory = options.keysDirectory === undefined ? POD.keysDirectory : options.keysDirectory;
  return {
    name: metadata.name,
    ...(namespace === NAMESPACE ? {} : { namespace }),
    mcp: {
      ...(host === undefined ? {} : { host }),
      ...(port === undefined ? {} : { port }),
      path: spec.exposure.path,
      ...(url === undefined ? {} : { publicUrl: url }),
      allowedHosts: allowedHosts(metadata.name, namespace, [spec.exposure.host, hostOf(url), ...(options.hosts ?? [])]),
      allowedOrigins: spec.exposure.allowedOrigins ?? [],
    },
    ...(host === undefined && healthPort === undefined
      ? {}
      : {
          health: {
            ...(host === undefined ? {} : { host }),
            ...(healthPort === undefined ? {} : { port: healthPort }),
          },
        }),
    toolsets: spec.toolsets.map(({ name, config }) => ({ name, config: config ?? {} })),
    backends: options.backends ?? clusterBackends(spec, namespace),
    routes: (spec.inference?.routes ?? []).map(({ name, targets, deadline }) => ({
      name,
      targets,
      deadlineMs: milliseconds(deadline),
    })),
    storage: storage(spec, options),
    limits: {
      requestBodyBytes: bytes(spec.limits.requestBody),
      callTimeoutMs: milliseconds(spec.limits.callTimeout),
      ...otherLimits(spec),
    },
    ...(spec.auth.type === 'None' ? {} : { auth: auth(spec.auth, namespace, url ?? reached, options) }),
    ...(spec.redis === undefined
      ? {}
      : { redis: { urlFile: secretFile(options, spec.redis.urlSecretRef, POD.redisUrlFile) } }),
    ...(spec.telemetry.auditLog ? {} : { auditLog: false }),
    ...(spec.skills === undefined || spec.skills.length === 0
      ? {}
      : { skillsDirectory: options.skillsDirectory ?? POD.skillsDirectory }),
    drainMs: milliseconds(spec.rollout.drain),
    ...(keysDirectory === null ? {} : { keysDirectory }),
    logLevel: spec.telemetry.logLevel,
  };
}

/** Loopback for probes and port-forwards, the Service's names, and what clients outside use. */
function allowedHosts(name: string, namespace: string, more: readonly (string | undefined)[]): string[] {
  const service = [name, `${name}.${namespace}`, `${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`];
  const all = ['127.0.0.1', 'localhost', '[::1]', ...service, ...more];
  return [...new Set(all.filter((host) => host !== undefined))];
}

const hostOf = (url: string | undefined): string | undefined => (url === undefined ? undefined : new URL(url).hostname);

function clusterBackends({ backends }: McpServerSpec, namespace: string): ServerConfigInput['backends'] {
  if (backends === undefined) return { source: 'None' };
  return {
    source: 'Cluster',
    namespace,
    ...(backends.names === undefined ? {} : { names: backends.names }),
    ...(backends.selector === undefined ? {} : { matchLabels: backends.selector.matchLabels }),
    credentialsDirectory: POD.credentialsDirectory,
  };
}

function storage({ storage }: McpServerSpec, options: RenderOptions): ServerConfigInput['storage'] {
  if (storage.postgres === undefined) return { type: 'Embedded', path: options.databasePath ?? POD.databasePath };
  const urlFile = options.postgresUrlFile ?? secretFile(options, storage.postgres.urlSecretRef, POD.postgresUrlFile);
  return { type: 'Postgres', urlFile, poolSize: storage.postgres.poolSize };
}

const LIMITS = serverConfig.shape.limits.parse({});
const NAMESPACE = serverConfig.shape.namespace.parse(undefined);

/** Only what is not the server's default, so that a new limit with its default changes no configuration and rolls no pod. */
function otherLimits({ limits }: McpServerSpec): Partial<ServerConfig['limits']> {
  const { maxInFlight, requestsPerMinutePerCaller, maxSessions, maxSubscriptions } = limits;
  const others = { maxInFlight, requestsPerMinutePerCaller, maxSessions, maxSubscriptions };
  const changed = Object.entries(others).filter(([name, value]) => value !== LIMITS[name as keyof typeof others]);
  const { trustedProxies = [] } = limits;
  return { ...Object.fromEntries(changed), ...(trustedProxies.length === 0 ? {} : { trustedProxies }) };
}

/** `url` is the audience where the spec names none. */
function auth(
  { jwt, builtIn, kubernetesServiceAccount }: McpServerSpec['auth'],
  namespace: string,
  url: string,
  options: RenderOptions,
): NonNullable<ServerConfigInput['auth']> {
  if (jwt !== undefined) {
    const { issuer, jwksUri, audiences, requiredScopes, rolesClaim } = jwt;
    const keys = jwksUri === undefined ? {} : { jwksUri };
    return { type: 'JWT', issuer, ...keys, audiences: audiences ?? [url], requiredScopes, rolesClaim };
  }
  if (builtIn !== undefined) {
    return {
      type: 'BuiltIn',
      signingKeyFile: secretFile(options, builtIn.signingKeySecretRef, POD.signingKeyFile),
      bootstrapAdminFile: secretFile(options, builtIn.bootstrapAdminSecretRef, POD.bootstrapAdminFile),
      accessTokenLifetimeMs: milliseconds(builtIn.accessTokenLifetime),
    };
  }
  const { audiences = [url], serviceAccounts = [{ name: '*' }], verification } = kubernetesServiceAccount ?? {};
  return {
    type: 'KubernetesServiceAccount',
    audiences,
    serviceAccounts: serviceAccounts.map((of) => `${of.namespace ?? namespace}:${of.name}`),
    ...(verification === 'TokenReview' ? { verification } : {}),
  };
}

/** Bytes of a Kubernetes quantity that the schema has accepted, rounded up. */
export const bytes = (quantity: string): number => Math.ceil(amount(quantity));
