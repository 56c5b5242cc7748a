/**
 * The configuration of a server that runs on somebody's machine: the same YAML as for the cluster, the same rendering,
 * but loopback, a store in the user's data folder, and backends from files and the environment.
 */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import type { ModelBackend } from '#crds/modelbackend-status.ts';
import { type ServerConfig, type ServerConfigInput, serverConfig } from '../config.ts';
import { ConfigError, issuesText } from '../config-error.ts';
import { renderServerConfig } from '../config-from-spec.ts';
import { chosenServer, type ServerChoice } from './chosen-server.ts';
import { ENVIRONMENT_BACKEND, type EnvironmentEndpoint, firstModel } from './environment.ts';
import { environmentBackend } from './environment-backend.ts';

export interface LocalOptions extends ServerChoice {
  /** File of the store; in `dataFolder`, by the server's name, without it. */
  readonly database?: string | undefined;
  readonly dataFolder: string;
  readonly port: number;
  readonly healthPort: number;
  readonly endpoint?: EnvironmentEndpoint | undefined;
  /** Tests pass their own. */
  readonly fetch?: typeof fetch;
}

export interface LocalServer {
  readonly config: ServerConfig;
  /** For people: which models will be asked. */
  readonly models: string;
  /** Backends of the environment by name, with their secrets. */
  readonly credentials: ReadonlyMap<string, string>;
}

/** Throws ConfigError. */
export async function localServer(options: LocalOptions): Promise<LocalServer> {
  const { server, backends } = await chosenServer(options);
  const { storage } = server.spec;
  const environment = options.endpoint && (await environmentModel(options.endpoint, options.fetch));
  const usesFiles = server.spec.backends !== undefined && backends.length > 0;
  const paths = [...(usesFiles ? options.files : []), ...(environment ? [await written(environment)] : [])];
  const database = options.database ?? join(options.dataFolder, `${server.metadata.name}.db`);
  if (storage.type === 'Embedded') await mkdir(dirname(database), { recursive: true, mode: 0o700 });
  const rendered = renderServerConfig(server, {
    backends: paths.length === 0 ? { source: 'None' } : { source: 'Files', paths },
    databasePath: database,
    ...(options.postgresUrlFile === undefined ? {} : { postgresUrlFile: options.postgresUrlFile }),
    ...(options.secretsDirectory === undefined ? {} : { secretsDirectory: options.secretsDirectory }),
    ...(options.skillsDirectory === undefined ? {} : { skillsDirectory: options.skillsDirectory }),
    url: `http://127.0.0.1:${options.port}${server.spec.exposure.path}`,
    keysDirectory: null,
    listen: { host: '127.0.0.1', port: options.port, healthPort: options.healthPort },
  });
  const routes = withEnvironment(rendered.routes ?? [], environment);
  const parsed = serverConfig.safeParse({ ...rendered, routes, drainMs: 0 });
  if (!parsed.success) throw new ConfigError(`${server.metadata.name}: ${issuesText(parsed.error)}`);
  return {
    config: parsed.data,
    models: described(usesFiles ? backends : [], options.endpoint, environment),
    credentials: new Map(options.endpoint?.key === undefined ? [] : [[ENVIRONMENT_BACKEND, options.endpoint.key]]),
  };
}

interface EnvironmentModel {
  readonly backend: ModelBackend;
  readonly model: string;
  readonly listed: boolean;
}

async function environmentModel(endpoint: EnvironmentEndpoint, ask?: typeof fetch): Promise<EnvironmentModel> {
  const model = endpoint.model ?? (await firstModel(endpoint, ask));
  return {
    backend: environmentBackend(endpoint, model ?? 'default'),
    model: model ?? 'default',
    listed: model !== undefined,
  };
}

/** A file that only this user reads; the credential is not in it. */
async function written({ backend }: EnvironmentModel): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'mcp-fleet-')), `${ENVIRONMENT_BACKEND}.yaml`);
  await writeFile(file, stringify(backend), { mode: 0o600 });
  return file;
}

/** Tried last on every route, and the only target where there is no route. */
function withEnvironment(routes: NonNullable<ServerConfigInput['routes']>, environment: EnvironmentModel | undefined) {
  if (!environment) return routes;
  const target = { backend: ENVIRONMENT_BACKEND, model: environment.model, priority: 9 };
  if (routes.length === 0) return [{ name: 'default', targets: [target] }];
  return routes.map((route) => ({ ...route, targets: [...route.targets, target] }));
}

function described(
  backends: readonly ModelBackend[],
  endpoint: EnvironmentEndpoint | undefined,
  environment: EnvironmentModel | undefined,
): string {
  const told = backends.map(({ metadata, spec }) => {
    const where = spec.external?.url ?? (spec.service ? `Service ${spec.service.name}` : 'runs in a cluster only');
    return `${metadata.name} (${where})`;
  });
  if (endpoint && environment) {
    const model = environment.listed ? `model ${environment.model}` : 'lists no models now, so tools answer without';
    told.push(`${endpoint.url} from ${endpoint.variable} (${model})`);
  }
  if (told.length === 0) return 'none: set LITELLM_PROXY_URL or OPENAI_BASE_URL, or add a ModelBackend to the files';
  return told.join(', ');
}
