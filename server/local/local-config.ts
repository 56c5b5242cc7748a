/**
 * The configuration of a server that runs on somebody's machine: the same YAML as for the cluster, the same rendering,
 * but loopback, a store in the user's data folder, and backends from files and the environment.
 */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { API_VERSION } from '#crds/group.ts';
import { type McpServer, parseMcpServer } from '#crds/mcpserver-status.ts';
import type { ModelBackend } from '#crds/modelbackend-status.ts';
import { type ServerConfig, type ServerConfigInput, serverConfig } from '../config.ts';
import { ConfigError, issuesText } from '../config-error.ts';
import { renderServerConfig } from '../config-from-spec.ts';
import { ENVIRONMENT_BACKEND, type EnvironmentEndpoint, firstModel } from './environment.ts';
import { environmentBackend } from './environment-backend.ts';
import { readResources } from './files.ts';

export interface LocalOptions {
  /** Files and folders with McpServers and ModelBackends; a server of the toolset `tasks` without any. */
  readonly files: readonly string[];
  /** Which McpServer, where the files hold several. */
  readonly name?: string | undefined;
  /** File of the store; in `dataFolder`, by the server's name, without it. */
  readonly database?: string | undefined;
  readonly dataFolder: string;
  readonly postgresUrlFile?: string | undefined;
  /** Folder that stands for Secrets, each a folder with its keys as files. */
  readonly secretsDirectory?: string | undefined;
  /** Folder that stands for `spec.skills`, with one folder for each. */
  readonly skillsDirectory?: string | undefined;
  /** Served to the one who started it, whom nobody asks for a token. */
  readonly stdio?: boolean;
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
  const { servers, backends } = await readResources(options.files);
  const server = possibleHere(choose(servers, options), options);
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

function choose(servers: readonly McpServer[], { files, name }: LocalOptions): McpServer {
  if (files.length === 0)
    return parseMcpServer({
      apiVersion: API_VERSION,
      kind: 'McpServer',
      metadata: { name: name ?? 'tasks' },
      spec: { toolsets: [{ name: 'tasks' }] },
    });
  const names = servers.map((server) => server.metadata.name);
  const there = names.length === 0 ? 'none' : names.join(', ');
  const found = servers.filter((server) => name === undefined || server.metadata.name === name);
  const [only] = found;
  if (only && found.length === 1) return only;
  if (servers.length === 0) throw new ConfigError(`${files.join(', ')}: there is no McpServer in these files`);
  if (found.length > 1 && name !== undefined)
    throw new ConfigError(`${name}: the files hold two McpServers of this name`);
  throw new ConfigError(
    name === undefined
      ? `the files hold several McpServers: choose one with --name (${there})`
      : `--name ${name}: there is no such McpServer in the files; there are ${there}`,
  );
}

/** The server without what only a fleet needs. Throws ConfigError where something is missing that it cannot do without. */
function possibleHere(server: McpServer, options: LocalOptions): McpServer {
  const { toolsets, storage, auth, skills = [], ...rest } = server.spec;
  const { secretsDirectory, postgresUrlFile, skillsDirectory, stdio = false } = options;
  const refuse = (why: string): never => {
    throw new ConfigError(`${server.metadata.name}: ${why}`);
  };
  if (toolsets.length === 0) throw new ConfigError('spec.toolsets: name at least one');
  if (storage.type === 'Postgres' && postgresUrlFile === undefined && secretsDirectory === undefined)
    refuse('spec.storage.type is Postgres: give --postgres-url-file, a file with the connection URL');
  if (!stdio && auth.type === 'KubernetesServiceAccount')
    refuse('spec.auth.type KubernetesServiceAccount works within a cluster only: use another, or None');
  if (!stdio && auth.type === 'BuiltIn' && secretsDirectory === undefined)
    refuse('spec.auth.type is BuiltIn: give --secrets, a folder with the Secrets as NAME/KEY');
  if (skills.length > 0 && skillsDirectory === undefined)
    refuse('spec.skills: give --skills, a folder with one folder for each skill');
  const { redis, ...alone } = rest;
  const spec = { ...alone, toolsets, storage, auth: stdio ? ({ type: 'None' } as const) : auth };
  // One process shares nothing with others, so it needs no Redis; it is used where its URL is given.
  const shared = redis !== undefined && secretsDirectory !== undefined ? { redis } : {};
  return { ...server, spec: { ...spec, ...shared, ...(skills.length > 0 ? { skills } : {}) } };
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
