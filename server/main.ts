/**
 * The server as a process over HTTP: in a pod from the file that the operator renders, on a laptop from the same YAML
 * that a cluster gets. Reads arguments, environment and signals, and decides how the process ends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { App } from './app.ts';
import { ConfigError } from './config-error.ts';
import { environmentEndpoint } from './local/environment.ts';
import { endOnCrash, exitOf } from './local/exit.ts';
import { dataFolder, type Flags, parseFlags } from './local/flags.ts';
import { readVersion } from './version.ts';

const HELP = `Serves MCP over HTTP.

In a pod:      server --config /etc/mcp-fleet/server.yaml
On a laptop:   server -f manifests/samples/ [-f more.yaml] [--name assistant]

  --config FILE             configuration that the operator rendered
  -f, --file PATH           file or folder with McpServer and ModelBackend YAML; may be repeated
  --name NAME               which McpServer, where the files hold several
  --port PORT               port on 127.0.0.1; without it 8080 or the next that is free
  --health-port PORT        port of /healthz, /readyz and /metrics; without it any that is free
  --data FILE               file of the store; without it ~/.local/share/mcp-fleet/NAME.db
  --postgres-url-file FILE  file with the connection URL, for spec.storage.type Postgres
  --secrets DIR             folder that stands for Secrets, as NAME/KEY (BuiltIn auth, Redis, PostgreSQL)
  --skills DIR              folder with one folder for each skill, for spec.skills
  -h, --help                this text
  -v, --version             the version

Models: the ModelBackends of the files, and LITELLM_PROXY_URL with LITELLM_API_KEY, or OPENAI_BASE_URL with
OPENAI_API_KEY. The model is LITELLM_MODEL or OPENAI_MODEL, or the first that the endpoint lists.
`;

const DEFAULT_PORT = 8080;
/** Time after the start at which first requests have been answered, in milliseconds. */
const SETTLE_MS = 1_000;

async function main(args: readonly string[]): Promise<void> {
  const flags = parseFlags(args, [
    'config',
    'file',
    'name',
    'port',
    'health-port',
    'data',
    'postgres-url-file',
    'secrets',
    'skills',
    'help',
    'version',
  ]);
  const version = readVersion(process.env['MCP_FLEET_BUILD_VERSION']);
  if (flags.help) return void process.stdout.write(HELP);
  if (flags.version) return void process.stdout.write(`${version}\n`);
  if (flags.config !== undefined && flags.files.length > 0) throw new ConfigError('give --config or -f, not both');
  if (flags.config === undefined && flags.files.length === 0)
    throw new ConfigError('give -f with files to serve from, or --config in a pod. See --help.');
  const started = stopOnSignals();
  const app =
    flags.config === undefined
      ? await serveFiles(flags, version, started)
      : await serveConfig(flags.config, version, started);
  await sleep(SETTLE_MS, undefined, { ref: false });
  await app.settle();
}

async function serveConfig(file: string, version: string, started: (app: App) => void): Promise<App> {
  const [{ startApp }, { createLog, openOutput }, { readConfigFile }] = await Promise.all([
    import('./app.ts'),
    import('./telemetry/log.ts'),
    import('./config-file.ts'),
  ]);
  const read = await readConfigFile(file);
  const config = { ...read, pod: { address: process.env['POD_IP'] ?? read.pod.address } };
  const output = openOutput('stdout');
  const log = createLog({ level: config.logLevel, destination: output });
  endOnCrash(process, log);
  const app = await startApp(config, { log, version, audit: output, environment: process.env });
  started(app);
  log.info(
    { url: app.url, health: app.healthUrl, toolsets: config.toolsets.map(({ name }) => name), version },
    'serving',
  );
  return app;
}

async function serveFiles(flags: Flags, version: string, started: (app: App) => void): Promise<App> {
  const [{ startApp }, { createLog, openOutput }, { localServer }, { freePort }] = await Promise.all([
    import('./app.ts'),
    import('./telemetry/log.ts'),
    import('./local/local-config.ts'),
    import('./local/free-port.ts'),
  ]);
  const { config, models, credentials } = await localServer({
    ...flags,
    database: flags.data,
    dataFolder: dataFolder(process.env),
    port: flags.port ?? (await freePort('127.0.0.1', DEFAULT_PORT)),
    healthPort: flags.healthPort ?? 0,
    endpoint: environmentEndpoint(process.env),
  });
  const output = openOutput('stdout');
  const log = createLog({ level: config.logLevel, destination: output });
  endOnCrash(process, log);
  const app = await startApp(config, {
    log,
    version,
    audit: output,
    strictOutput: true,
    environment: process.env,
    credentials,
  });
  started(app);
  const toolsets = config.toolsets.map(({ name }) => name).join(', ');
  const store = config.storage.type === 'Embedded' ? config.storage.path : 'PostgreSQL';
  process.stderr.write(
    `${config.name} ${version}: ${app.url}\n  toolsets: ${toolsets}\n  models:   ${models}\n  data:     ${store}\n  health:   ${app.healthUrl}/readyz\n`,
  );
  return app;
}

/** The first signal drains what has started; a second one, or one before that, ends the process at once. */
function stopOnSignals(): (app: App) => void {
  let running: App | undefined;
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping || !running) process.exit(signal === 'SIGINT' ? 130 : 143);
    stopping = true;
    running.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  return (app) => {
    running = app;
    process.on('exit', () => app.flush());
  };
}

function fail(error: unknown): void {
  const { code, text } = exitOf(error);
  process.stderr.write(text);
  process.exit(code);
}

main(process.argv.slice(2)).catch(fail);
