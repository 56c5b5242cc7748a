/**
 * The contract between operator and server: what the operator renders into a
 * ConfigMap and the server reads at start. Durations are milliseconds and sizes are
 * bytes, so that the server parses no units. Must not know where the file comes from.
 */
import { z } from 'zod';
import { everythingConfig } from './toolsets/everything/config.ts';
import { fleetConfig } from './toolsets/fleet/config.ts';
import { tasksConfig } from './toolsets/tasks/config.ts';

const target = z.strictObject({
  backend: z.string(),
  model: z.string(),
  priority: z.int().min(0).default(0),
});

const route = z.strictObject({
  name: z.string(),
  targets: z.array(target).min(1),
  deadlineMs: z.int().min(1).default(120_000),
});

/** Where ModelBackends are read from. */
const backends = z.discriminatedUnion('source', [
  z.strictObject({ source: z.literal('None') }),
  z.strictObject({
    source: z.literal('Cluster'),
    namespace: z.string(),
    names: z.array(z.string()).optional(),
    matchLabels: z.record(z.string(), z.string()).optional(),
    /** Folder with one sub-folder per backend that holds its credential in the file `token`. */
    credentialsDirectory: z.string().default('/var/run/model-credentials'),
  }),
  z.strictObject({ source: z.literal('Files'), paths: z.array(z.string()).min(1) }),
]);

const storage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('Embedded'), path: z.string() }),
  z.strictObject({ type: z.literal('Postgres'), urlFile: z.string(), poolSize: z.int().min(1).default(20) }),
]);

const texts = z.array(z.string().min(1));

/** Who may call. An empty list of audiences stands for the public URL. */
const auth = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('None') }),
  z.strictObject({
    type: z.literal('JWT'),
    issuer: z.url(),
    /** Read from the issuer's metadata without it. */
    jwksUri: z.url().optional(),
    audiences: texts.default([]),
    requiredScopes: texts.default([]),
    /** Claim with the caller's roles. */
    rolesClaim: z.string().min(1).default('roles'),
  }),
  z.strictObject({
    type: z.literal('KubernetesServiceAccount'),
    audiences: texts.default([]),
    /** Who may call, as `namespace:name`; `*` for a name or for both stands for all. */
    serviceAccounts: texts.min(1),
    /** By the keys that the API server publishes, or also by asking it about each token, which needs a right. */
    verification: z.enum(['PublishedKeys', 'TokenReview']).default('PublishedKeys'),
  }),
  z.strictObject({
    type: z.literal('BuiltIn'),
    signingKeyFile: z.string(),
    bootstrapAdminFile: z.string(),
    accessTokenLifetimeMs: z.int().min(1).default(1_800_000),
  }),
]);

export const serverConfig = z.strictObject({
  /** Name that the server gives itself in the protocol. */
  name: z.string().min(1),
  /** Names of servers are unique within it only. */
  namespace: z.string().min(1).default('default'),
  mcp: z
    .strictObject({
      host: z.string().default('0.0.0.0'),
      port: z.int().min(0).max(65535).default(8080),
      path: z.string().startsWith('/').default('/mcp'),
      publicUrl: z.string().optional(),
      /** Values of the Host header that are answered, without port; others get 403. */
      allowedHosts: z.array(z.string()).default(['127.0.0.1', 'localhost', '[::1]']),
      /** Values of the Origin header that are answered, beside pages of the allowed hosts. */
      allowedOrigins: z.array(z.string()).default([]),
    })
    .prefault({}),
  /** Health and metrics; no Host check, because a kubelet calls by pod address. */
  health: z
    .strictObject({ host: z.string().default('0.0.0.0'), port: z.int().min(0).max(65535).default(9090) })
    .prefault({}),
  toolsets: z.array(z.strictObject({ name: z.string(), config: z.record(z.string(), z.unknown()).default({}) })).min(1),
  backends: backends.default({ source: 'None' }),
  routes: z.array(route).default([]),
  storage,
  limits: z
    .strictObject({
      requestBodyBytes: z
        .int()
        .min(1024)
        .default(4 * 1024 * 1024),
      callTimeoutMs: z.int().min(1).default(120_000),
      /** Requests that a pod works on at a time; more get 503. */
      maxInFlight: z.int().min(1).default(256),
      /** 0 is no limit. */
      requestsPerMinutePerCaller: z.int().min(0).default(0),
      maxSessions: z.int().min(1).default(1000),
      maxSubscriptions: z.int().min(1).default(1024),
      /** Addresses and ranges of proxies that are believed about whom they speak for. */
      trustedProxies: z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])).default([]),
    })
    .prefault({}),
  auth: auth.default({ type: 'None' }),
  /** What the pods share beside the store: limits, events. The file holds the URL. */
  redis: z.strictObject({ urlFile: z.string() }).optional(),
  /** One line for each call: who, what, result; no arguments. */
  auditLog: z.boolean().default(true),
  /** Folder with one sub-folder per skill. */
  skillsDirectory: z.string().optional(),
  /** Where other pods of the fleet reach this one; known only at the start of a process. */
  pod: z.strictObject({ address: z.string().optional() }).prefault({}),
  /** How long a stopping server still answers while endpoints change. */
  drainMs: z.int().min(0).default(10_000),
  /** Folder with the fleet's shared keys; without it a key lives as long as the process. */
  keysDirectory: z.string().optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

export type ServerConfig = z.output<typeof serverConfig>;
export type ServerConfigInput = z.input<typeof serverConfig>;
export type AuthConfig = ServerConfig['auth'];

/** Owns what the pods of a server share in a Redis or a PostgreSQL that other servers use too. */
export const ownerOf = ({ namespace, name }: Pick<ServerConfig, 'namespace' | 'name'>): string =>
  `${namespace}/${name}`;
export type RouteConfig = ServerConfig['routes'][number];

/** The settings that each toolset takes. A toolset that is not listed here does not exist. */
export const toolsetConfigs = {
  tasks: tasksConfig,
  everything: everythingConfig,
  fleet: fleetConfig,
} as const satisfies Record<string, z.ZodType>;

export type ToolsetName = keyof typeof toolsetConfigs;
export const TOOLSET_NAMES = Object.keys(toolsetConfigs) as readonly ToolsetName[];
