/**
 * The flags that a local server takes, over HTTP and over stdio, and what tells clients of it. Must not read the process's own arguments.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError } from '../config-error.ts';

const options = {
  config: { type: 'string' },
  file: { type: 'string', short: 'f', multiple: true },
  name: { type: 'string' },
  client: { type: 'string' },
  url: { type: 'string' },
  server: { type: 'string' },
  port: { type: 'string' },
  'health-port': { type: 'string' },
  data: { type: 'string' },
  'postgres-url-file': { type: 'string' },
  secrets: { type: 'string' },
  skills: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

export type FlagName = keyof typeof options;
export interface Flags {
  readonly config: string | undefined;
  readonly files: readonly string[];
  readonly name: string | undefined;
  readonly client: string | undefined;
  readonly url: string | undefined;
  readonly server: string | undefined;
  readonly port: number | undefined;
  readonly healthPort: number | undefined;
  readonly data: string | undefined;
  readonly postgresUrlFile: string | undefined;
  readonly secretsDirectory: string | undefined;
  readonly skillsDirectory: string | undefined;
  readonly help: boolean;
  readonly version: boolean;
}

/** `known` are the flags that the command takes. Throws ConfigError. */
export function parseFlags(args: readonly string[], known: readonly FlagName[]): Flags {
  const taken = Object.fromEntries(known.map((name) => [name, options[name]]));
  let values: { [Name in FlagName]?: string | string[] | boolean };
  try {
    ({ values } = parseArgs({ args: [...args], options: taken, allowPositionals: false }));
  } catch (error) {
    throw new ConfigError(`${(error as Error).message.replace(/\.$/, '')}. See --help.`);
  }
  return {
    config: values.config as string | undefined,
    files: (values.file as string[] | undefined) ?? [],
    name: values.name as string | undefined,
    client: values.client as string | undefined,
    url: values.url as string | undefined,
    server: values.server as string | undefined,
    port: port('--port', values.port),
    healthPort: port('--health-port', values['health-port']),
    data: values.data as string | undefined,
    postgresUrlFile: values['postgres-url-file'] as string | undefined,
    secretsDirectory: values.secrets as string | undefined,
    skillsDirectory: values.skills as string | undefined,
    help: values.help === true,
    version: values.version === true,
  };
}

function port(flag: string, given: unknown): number | undefined {
  if (typeof given !== 'string') return undefined;
  const value = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN;
  if (!(value <= 65_535)) throw new ConfigError(`${flag} ${given}: give a number from 0 to 65535`);
  return value;
}

/** Where a user's data belongs (XDG Base Directory Specification; %LOCALAPPDATA% on Windows). */
export function dataFolder(variables: Readonly<Record<string, string | undefined>>): string {
  const base = variables['XDG_DATA_HOME'] || variables['LOCALAPPDATA'] || join(homedir(), '.local', 'share');
  return join(base, 'mcp-fleet');
}
