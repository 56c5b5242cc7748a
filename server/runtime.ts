/**
 * Everything behind the protocol, opened from a ServerConfig: store, models, toolsets, and the dispatch over them. The
 * same for HTTP and stdio. Must not know how requests arrive.
 */
import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import type { Proxy } from '#models/proxy.ts';
import type { ServerConfig } from './config.ts';
import { ConfigError, issuesText } from './config-error.ts';
import { createInferenceMetrics } from './inference/metrics.ts';
import { type OpenInference, openInference } from './inference/open.ts';
import { createDispatch, type Dispatch } from './protocol/dispatch.ts';
import { compileTable, type OpenToolset } from './protocol/table.ts';
import { openDatabase } from './store/database.ts';
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
}

export interface Runtime {
  readonly dispatch: Dispatch;
  readonly inference: OpenInference;
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
      const parsed = toolset.config.safeParse(settings);
      if (!parsed.success) throw new ConfigError(`toolsets.${i}.config of ${name}: ${issuesText(parsed.error)}`);
      return { toolset, settings: parsed.data };
    }),
  );
  const opened: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const undo of opened.reverse().splice(0)) await undo();
  };
  try {
    const store = await openDatabase(config.storage, { log });
    opened.push(() => store.close());
    const inference = await openInference(config, {
      log,
      metrics: createInferenceMetrics(metrics.registry),
      environment,
      proxy: proxyOf(environment),
      ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    });
    opened.push(() => inference.close());
    const open: OpenToolset[] = [];
    for (const { toolset, settings } of chosen) {
      await migrate(store.database, store.dialect, toolset.name, toolset.migrations);
      const context = {
        config: settings,
        database: store.database,
        inference,
        log: log.child({ toolset: toolset.name }),
        now,
      };
      open.push({ toolset, deps: await toolset.open(context) });
    }
    const dispatch = createDispatch({
      table: compileTable(open),
      log,
      metrics,
      callTimeoutMs: config.limits.callTimeoutMs,
      strictOutput: options.strictOutput ?? false,
      newId: () => randomBytes(6).toString('hex'),
    });
    return {
      dispatch,
      inference,
      checks: async () => ({
        store: (await store.ready()) ? 'ok' : 'the store does not answer',
        discovery: inference.ready() ? 'ok' : 'the first list of model backends has not come yet',
      }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** By the usual variables, of which lower case wins, as in curl. */
function proxyOf(variables: Readonly<Record<string, string | undefined>>): Proxy {
  const read = (name: string): string | undefined => variables[name.toLowerCase()] ?? variables[name];
  return { http: read('HTTP_PROXY'), https: read('HTTPS_PROXY'), none: read('NO_PROXY') };
}
