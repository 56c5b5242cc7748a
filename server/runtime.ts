/**
 * Everything behind the protocol, opened from a ServerConfig: store, models, toolsets, and the dispatch over them. The
 * same for HTTP and stdio. Must not know how requests arrive.
 */
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Proxy } from '#models/proxy.ts';
import { counted } from './audit/spending.ts';
import { ownerOf, type ServerConfig } from './config.ts';
import { ConfigError, issuesText } from './config-error.ts';
import type { EventBus } from './events/event.ts';
import { openEventBus } from './events/open.ts';
import { type OpenExtensions, openExtensions } from './extensions/open.ts';
import type { SkillLibrary } from './extensions/skills/library.ts';
import { createInferenceMetrics } from './inference/metrics.ts';
import { type OpenInference, openInference } from './inference/open.ts';
import { announced } from './protocol/announced.ts';
import { createDispatch, type Dispatch } from './protocol/dispatch.ts';
import type { AuditEntry } from './protocol/run.ts';
import { openSealer, type Sealer } from './protocol/sealing.ts';
import { compileTable, type OpenToolset } from './protocol/table.ts';
import type { OpenRedis } from './redis/redis.ts';
import { type OpenDatabase, openDatabase } from './store/database.ts';
import { migrate } from './store/migrate.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { toolsets as ownToolsets, type ToolsetLoader } from './toolsets/registry.ts';

export interface RuntimeOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Fail calls whose output does not fit the tool's schema, instead of logging that. */
  readonly strictOutput?: boolean;
  /** The toolsets that exist; the product's own without it. */
  readonly toolsets?: Readonly<Record<string, ToolsetLoader>>;
  readonly now?: () => Date;
  /** The process's variables: where the API server is, proxies, and `${NAME}` in files. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Credentials of backends from files, by name. */
  readonly credentials?: ReadonlyMap<string, string>;
  /** Carries what tools publish; the one that the configuration allows without it. */
  readonly bus?: EventBus;
  /** Told of every request that was answered. */
  readonly audit?: ((entry: AuditEntry) => void) | undefined;
}

export interface Runtime {
  readonly dispatch: Dispatch;
  readonly extensions: OpenExtensions;
  readonly inference: OpenInference;
  readonly store: OpenDatabase;
  readonly bus: EventBus;
  readonly sealer: Sealer;
  /** Undefined where none is configured. */
  readonly redis: OpenRedis | undefined;
  /** Each part with `ok` or the reason why it is not. */
  checks(): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

/** Throws ConfigError for a configuration that cannot work; what was opened until then is closed again. */
export async function openRuntime(config: ServerConfig, options: RuntimeOptions): Promise<Runtime> {
  const { log, metrics, now = () => new Date(), environment = {} } = options;
  const loaders: Readonly<Record<string, ToolsetLoader>> = options.toolsets ?? ownToolsets;
  const chosen = await Promise.all(
    config.toolsets.map(async ({ name, config: settings }, i) => {
      const load = Object.hasOwn(loaders, name) ? loaders[name] : undefined;
      if (!load)
        throw new ConfigError(`toolsets.${i}.name: no toolset ${name}; there are ${Object.keys(loaders).join(', ')}`);
      const toolset = await load();
      const parsed = toolset.config.safeParse(settings, { jitless: true });
      if (!parsed.success) throw new ConfigError(`toolsets.${i}.config of ${name}: ${issuesText(parsed.error)}`);
      return { toolset, settings: parsed.data };
    }),
  );
  await using opening = new AsyncDisposableStack();
  const sealer = openSealer({ keysDirectory: config.keysDirectory, now, log });
  const redis = config.redis && (await openRedis(config.redis.urlFile, log));
  if (redis) opening.defer(() => redis.close());
  const postgres = config.storage.type === 'Postgres' ? config.storage : undefined;
  const bus = options.bus ?? (await openEventBus({ server: ownerOf(config), log, redis, postgres }));
  opening.defer(() => bus.close());
  const store = await openDatabase(config.storage, { log });
  opening.defer(() => store.close());
  const models = await openInference(config, {
    log,
    metrics: createInferenceMetrics(metrics.registry),
    environment,
    proxy: proxyOf(environment),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
  });
  opening.defer(() => models.close());
  const inference = counted(models);
  const open: OpenToolset[] = [];
  for (const { toolset, settings } of chosen) {
    await migrate(store.database, store.dialect, toolset.name, toolset.migrations);
    const context = {
      config: settings,
      database: store.database,
      inference,
      log: log.child({ toolset: toolset.name }),
      now,
      notify: announced((event) => bus.publish(event), new Set(toolset.needs?.publishes), log),
    };
    open.push({ toolset, deps: await toolset.open(context) });
  }
  const skills = await openSkills(config.skillsDirectory, open, log);
  const dispatch = createDispatch({
    table: compileTable(open, skills ? [skills.source] : []),
    log,
    metrics,
    callTimeoutMs: config.limits.callTimeoutMs,
    strictOutput: options.strictOutput ?? false,
    newId: requestIds(),
    sealer,
    publish: (event) => bus.publish(event),
    audit: options.audit,
  });
  const extensions = await openExtensions({
    server: ownerOf(config),
    dispatch,
    store,
    bus,
    log,
    now,
    maxTasks: config.limits.maxInFlight,
    skills,
  });
  opening.defer(() => extensions.close(0));
  const opened = opening.move();
  return {
    dispatch,
    extensions,
    inference,
    store,
    bus,
    sealer,
    redis,
    checks: async () => ({
      store: (await store.ready()) ? 'ok' : 'the store does not answer',
      discovery: inference.ready() ? 'ok' : 'the first list of model backends has not come yet',
    }),
    close: () => opened.disposeAsync(),
  };
}

/** Undefined where there is neither a folder for them nor a toolset that brings any. */
async function openSkills(
  directory: string | undefined,
  toolsets: readonly OpenToolset[],
  log: Logger,
): Promise<SkillLibrary | undefined> {
  const offered = toolsets.flatMap(({ toolset }) => toolset.skills ?? []);
  if (directory === undefined && offered.length === 0) return undefined;
  const { createSkillLibrary } = await import('./extensions/skills/library.ts');
  return createSkillLibrary({ directory, offered, log, monotonic: () => performance.now() });
}

/** Loaded where it is used: few servers have one. */
async function openRedis(urlFile: string, log: Logger): Promise<OpenRedis> {
  const redis = await import('./redis/redis.ts');
  return redis.openRedis({ urlFile, log });
}

/** Ids that no other process makes, without asking for randomness each time. They join log lines and are no secret. */
function requestIds(): () => string {
  const process = randomBytes(5).toString('hex');
  let count = 0;
  return () => `${process}-${((count += 1)).toString(36)}`;
}

/** By the usual variables, of which lower case wins, as in curl. */
export function proxyOf(variables: Readonly<Record<string, string | undefined>>): Proxy {
  const read = (name: string): string | undefined => variables[name.toLowerCase()] ?? variables[name];
  return { http: read('HTTP_PROXY'), https: read('HTTPS_PROXY'), none: read('NO_PROXY') };
}
