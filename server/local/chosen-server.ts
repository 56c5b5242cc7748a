/**
 * Which McpServer of the files runs on somebody's machine, and whether it can: what only a fleet needs is left out, and
 * what is missing is said. Renders nothing; must not know how the server is started.
 */
import { API_VERSION } from '#crds/group.ts';
import { type McpServer, parseMcpServer } from '#crds/mcpserver-status.ts';
import type { ModelBackend } from '#crds/modelbackend-status.ts';
import { ConfigError } from '../config-error.ts';
import { readResources } from './files.ts';

export interface ServerChoice {
  /** Files and folders with McpServers and ModelBackends; a server of the toolset `tasks` without any. */
  readonly files: readonly string[];
  /** Which McpServer, where the files hold several. */
  readonly name?: string | undefined;
  /** The flag that gives the name; --name without it. */
  readonly nameFlag?: string;
  readonly postgresUrlFile?: string | undefined;
  /** Folder that stands for Secrets, each a folder with its keys as files. */
  readonly secretsDirectory?: string | undefined;
  /** Folder that stands for `spec.skills`, with one folder for each. */
  readonly skillsDirectory?: string | undefined;
  /** Served to the one who started it, whom nobody asks for a token. */
  readonly stdio?: boolean;
}

export interface ChosenServer {
  readonly server: McpServer;
  /** All that the files hold. */
  readonly backends: readonly ModelBackend[];
}

/** Throws ConfigError. */
export async function chosenServer(choice: ServerChoice): Promise<ChosenServer> {
  const { servers, backends } = await readResources(choice.files);
  return { server: possibleHere(choose(servers, choice), choice), backends };
}

function choose(servers: readonly McpServer[], { files, name, nameFlag = '--name' }: ServerChoice): McpServer {
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
      ? `the files hold several McpServers: choose one with ${nameFlag} (${there})`
      : `${nameFlag} ${name}: there is no such McpServer in the files; there are ${there}`,
  );
}

/** The server without what only a fleet needs. Throws ConfigError where something is missing that it cannot do without. */
function possibleHere(server: McpServer, choice: ServerChoice): McpServer {
  const { toolsets, storage, auth, skills = [], ...rest } = server.spec;
  const { secretsDirectory, postgresUrlFile, skillsDirectory, stdio = false } = choice;
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
