/**
 * The server as a child process of an MCP client: the protocol on stdin and stdout, everything else on stderr. Reads
 * arguments, environment and signals; ends when the client closes stdin.
 */
import { ConfigError } from './config-error.ts';
import { createLocalBus } from './events/event.ts';
import { environmentEndpoint } from './local/environment.ts';
import { endOnCrash, exitOf } from './local/exit.ts';
import { dataFolder, parseFlags } from './local/flags.ts';
import { localServer } from './local/local-config.ts';
import { createStdioEndpoint } from './protocol/stdio-endpoint.ts';
import { openRuntime } from './runtime.ts';
import { createLog } from './telemetry/log.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { readVersion } from './version.ts';

const HELP = `Serves MCP over stdin and stdout, for clients that start their servers themselves.

  stdio [-f manifests/samples/] [--name assistant]

  -f, --file PATH           file or folder with McpServer and ModelBackend YAML; may be repeated.
                            Without it the task tools are served.
  --name NAME               which McpServer, where the files hold several
  --data FILE               file of the store; without it ~/.local/share/mcp-fleet/NAME.db
  --postgres-url-file FILE  file with the connection URL, for spec.storage.type Postgres
  --secrets DIR             folder that stands for Secrets, as NAME/KEY
  --skills DIR              folder with one folder for each skill, for spec.skills
  -h, --help                this text
  -v, --version             the version

Models: the ModelBackends of the files, and LITELLM_PROXY_URL with LITELLM_API_KEY, or OPENAI_BASE_URL with
OPENAI_API_KEY. The model is LITELLM_MODEL or OPENAI_MODEL, or the first that the endpoint lists.
`;

async function main(args: readonly string[]): Promise<void> {
  const flags = parseFlags(args, ['file', 'name', 'data', 'postgres-url-file', 'secrets', 'skills', 'help', 'version']);
  const version = readVersion(process.env['MCP_FLEET_BUILD_VERSION']);
  if (flags.help) return void process.stdout.write(HELP);
  if (flags.version) return void process.stdout.write(`${version}\n`);
  if (process.stdin.isTTY) throw new ConfigError('this speaks MCP to a client, not to a person. See --help.');
  const { config, models, credentials } = await localServer({
    ...flags,
    database: flags.data,
    dataFolder: dataFolder(process.env),
    port: 0,
    healthPort: 0,
    endpoint: environmentEndpoint(process.env),
    stdio: true,
  });
  const log = createLog({ level: config.logLevel, destination: 'stderr' });
  endOnCrash(process, log);
  const metrics = createMetrics({ processMetrics: false });
  const bus = createLocalBus();
  const runtime = await openRuntime(config, {
    log,
    metrics,
    strictOutput: true,
    environment: process.env,
    credentials,
    bus,
  });
  const identity = { name: config.name, version };
  const endpoint = createStdioEndpoint({
    identity,
    ...runtime,
    ...runtime.extensions,
    bus,
    log,
    input: process.stdin,
    output: process.stdout,
  });
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    endpoint
      .close()
      .then(() => runtime.close())
      .then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  void endpoint.ended.then(() => {
    if (!stopping) stop();
  });

  const toolsets = config.toolsets.map(({ name }) => name).join(', ');
  const store = config.storage.type === 'Embedded' ? config.storage.path : 'PostgreSQL';
  process.stderr.write(`${config.name} ${version}: stdio; toolsets: ${toolsets}; models: ${models}; data: ${store}\n`);
}

function fail(error: unknown): void {
  const { code, text } = exitOf(error);
  process.stderr.write(text);
  process.exit(code);
}

main(process.argv.slice(2)).catch(fail);
