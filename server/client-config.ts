/**
 * Prints what to tell an MCP client about this server: the command that it starts, or with --url the address that it
 * calls. Reads arguments and the environment; writes nothing but text.
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ConfigError } from './config-error.ts';
import { CLIENTS, type ClientName, snippet, type Target } from './local/client-snippets.ts';
import { exitOf } from './local/exit.ts';

const HELP = `Prints the configuration that MCP clients need.

  client-config [--client NAME] [--url URL | -f PATH] [--name NAME]

  --client NAME    ${CLIENTS.join(', ')}; all of them without it
  --url URL        a server that runs already, for example http://127.0.0.1:8080/mcp
  -f, --file PATH  YAML that the started server reads; may be repeated
  --name NAME      what the client calls the server; mcp-fleet without it
  -h, --help       this text

LITELLM_PROXY_URL and OPENAI_BASE_URL are written into the configuration when they are set. Keys are not: put
LITELLM_API_KEY or OPENAI_API_KEY in yourself, or into the environment of the client.
`;

const ENDPOINT_VARIABLES = ['LITELLM_PROXY_URL', 'LITELLM_MODEL', 'OPENAI_BASE_URL', 'OPENAI_MODEL'];

function main(args: readonly string[]): void {
  const values = parsed(args);
  if (values.help === true) return void process.stdout.write(HELP);
  const { client, url, file = [], name = 'mcp-fleet' } = values;
  if (client !== undefined && !CLIENTS.includes(client as ClientName))
    throw new ConfigError(`--client ${client}: give one of ${CLIENTS.join(', ')}`);
  if (url !== undefined && file.length > 0) throw new ConfigError('give --url or -f, not both');
  if (url !== undefined && !/^https?:\/\//.test(url))
    throw new ConfigError(`--url ${url}: give a URL that begins with http`);
  const target: Target = url === undefined ? program(file) : { type: 'http', url };
  const chosen = client === undefined ? CLIENTS : [client as ClientName];
  const texts = chosen.map((each) => {
    const { title, files, text } = snippet(each, name, target);
    return `# ${title}\n${files.map((line) => `# ${line}`).join('\n')}\n${text}\n`;
  });
  process.stdout.write(texts.join('\n'));
}

function parsed(args: readonly string[]) {
  try {
    const options = {
      client: { type: 'string' },
      url: { type: 'string' },
      file: { type: 'string', short: 'f', multiple: true },
      name: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    } as const;
    return parseArgs({ args: [...args], options, allowPositionals: false }).values;
  } catch (error) {
    throw new ConfigError(`${(error as Error).message} See --help.`);
  }
}

/** This Node and this checkout: a client starts programs in a folder and with a PATH of its own. */
function program(files: readonly string[]): Target {
  const stdio = fileURLToPath(new URL('./stdio.ts', import.meta.url));
  return {
    type: 'stdio',
    command: process.execPath,
    args: [stdio, ...files.flatMap((path) => ['-f', resolve(path)])],
    env: Object.fromEntries(
      ENDPOINT_VARIABLES.flatMap((name) => {
        const value = process.env[name];
        return value ? [[name, value]] : [];
      }),
    ),
  };
}

try {
  main(process.argv.slice(2));
} catch (error) {
  const { code, text } = exitOf(error);
  process.stderr.write(text);
  process.exit(code);
}
