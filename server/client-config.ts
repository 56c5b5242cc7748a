/**
 * Prints what to tell an MCP client about this server: the command that it starts, or with --url the address that it
 * calls. Reads arguments and the environment; writes nothing but text, and none for a server that could not start.
 */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError } from './config-error.ts';
import { chosenServer } from './local/chosen-server.ts';
import { CLIENTS, type ClientName, snippet, type Target } from './local/client-snippets.ts';
import { environmentEndpoint } from './local/environment.ts';
import { environmentBackend } from './local/environment-backend.ts';
import { exitOf } from './local/exit.ts';
import { type FlagName, type Flags, parseFlags } from './local/flags.ts';

const HELP = `Prints the configuration that MCP clients need.

  client-config [--client NAME] [--url URL | -f PATH] [--name NAME]

  --client NAME             ${CLIENTS.join(', ')}; all of them without it
  --name NAME               what the client calls the server; mcp-fleet without it
  --url URL                 a server that runs already, for example http://127.0.0.1:8080/mcp

Without --url the client starts the server, which is given:
  -f, --file PATH           file or folder with McpServer and ModelBackend YAML; may be repeated
  --server NAME             which McpServer, where the files hold several
  --data FILE               file of the store
  --postgres-url-file FILE  file with the connection URL, for spec.storage.type Postgres
  --secrets DIR             folder that stands for Secrets, as NAME/KEY
  --skills DIR              folder with one folder for each skill, for spec.skills
  -h, --help                this text

LITELLM_PROXY_URL and OPENAI_BASE_URL are written into the configuration when they are set. Keys are not: put
LITELLM_API_KEY or OPENAI_API_KEY in yourself, or into the environment of the client.
`;

const ENDPOINT_VARIABLES = ['LITELLM_PROXY_URL', 'LITELLM_MODEL', 'OPENAI_BASE_URL', 'OPENAI_MODEL'];
const OF_PROGRAM = ['file', 'server', 'data', 'postgres-url-file', 'secrets', 'skills'] as const;

async function main(args: readonly string[]): Promise<void> {
  const flags = parseFlags(args, ['client', 'name', 'url', 'help', ...OF_PROGRAM]);
  if (flags.help) return void process.stdout.write(HELP);
  const { client, name = 'mcp-fleet' } = flags;
  if (client !== undefined && !CLIENTS.includes(client as ClientName))
    throw new ConfigError(`--client ${client}: give one of ${CLIENTS.join(', ')}`);
  const target = flags.url === undefined ? await program(flags) : running(flags.url, flags);
  const chosen = client === undefined ? CLIENTS : [client as ClientName];
  const texts = chosen.map((each) => {
    const { title, files, text } = snippet(each, name, target);
    return `# ${title}\n${files.map((line) => `# ${line}`).join('\n')}\n${text}\n`;
  });
  process.stdout.write(texts.join('\n'));
}

function running(url: string, flags: Flags): Target {
  if (argumentsOf(flags).length > 0)
    throw new ConfigError('give --url, or -f and what else a server that is started takes, not both');
  if (!/^https?:\/\//.test(url)) throw new ConfigError(`--url ${url}: give a URL that begins with http`);
  return { type: 'http', url };
}

/** This Node and this checkout: a client starts programs in a folder and with a PATH of its own. */
async function program(flags: Flags): Promise<Target> {
  const { files, server, postgresUrlFile, secretsDirectory, skillsDirectory } = flags;
  const here = { postgresUrlFile, secretsDirectory, skillsDirectory };
  await chosenServer({ files, name: server, nameFlag: '--server', ...here, stdio: true });
  await Promise.all(Object.values(here).map(requirePath));
  const endpoint = environmentEndpoint(process.env);
  if (endpoint) environmentBackend(endpoint, endpoint.model ?? 'default');
  return {
    type: 'stdio',
    command: process.execPath,
    args: [fileURLToPath(new URL('./stdio.ts', import.meta.url)), ...argumentsOf(flags)],
    env: Object.fromEntries(
      ENDPOINT_VARIABLES.flatMap((name) => {
        const value = process.env[name];
        return value ? [[name, value]] : [];
      }),
    ),
  };
}

/** What the started server is given, as its own command line takes it. */
function argumentsOf({ files, server, ...paths }: Flags): readonly string[] {
  const given = (flag: `--${FlagName}`, path: string | undefined) => (path === undefined ? [] : [flag, resolve(path)]);
  return [
    ...files.flatMap((path) => ['-f', resolve(path)]),
    ...(server === undefined ? [] : ['--name', server]),
    ...given('--data', paths.data),
    ...given('--postgres-url-file', paths.postgresUrlFile),
    ...given('--secrets', paths.secretsDirectory),
    ...given('--skills', paths.skillsDirectory),
  ];
}

async function requirePath(path: string | undefined): Promise<void> {
  if (path === undefined) return;
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new ConfigError(`${path}: there is no such file or folder`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const { code, text } = exitOf(error);
  process.stderr.write(text);
  process.exit(code);
});
