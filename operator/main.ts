/**
 * The operator as a process: settings in, both controllers put together, an orderly end
 * on SIGTERM. Everything that ends the process is decided here.
 */
import { randomUUID } from 'node:crypto';
import { ConfigError, describeConfig, readConfig } from './config.ts';
import { createLogger } from './kit/log.ts';
import { run } from './run.ts';

const HELP = `Reconciles McpServers and ModelBackends. Settings come from the environment:

${describeConfig()}

  --help       this text
  --version    the version
`;

const [flag] = process.argv.slice(2);
/** Written into the bundle when that is built. */
const version = process.env['MCP_FLEET_BUILD_VERSION'] ?? 'dev';

if (flag === '--help' || flag === '-h') process.stdout.write(HELP);
else if (flag === '--version' || flag === '-v') process.stdout.write(`${version}\n`);
else if (flag !== undefined) {
  process.stderr.write(`There is no option ${flag}. See --help.\n`);
  process.exitCode = 2;
} else await main();

async function main(): Promise<void> {
  let config: ReturnType<typeof readConfig>;
  try {
    config = readConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
    return;
  }
  const log = createLogger({ level: config.MCP_FLEET_LOG_LEVEL });
  const fatal = (error: unknown): void => {
    log.error({ error }, 'the process ends');
    process.exit(1);
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => stop.abort(new Error(signal)));
  }
  await run({ config, log, fatal, version, identity: `${config.POD_NAME}-${randomUUID().slice(0, 8)}` }, stop.signal);
  process.exit(0);
}
