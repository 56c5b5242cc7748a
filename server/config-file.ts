/**
 * Reads the configuration that the operator has rendered into a file. Says file and field of what is wrong with it.
 */
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { type ServerConfig, serverConfig } from './config.ts';
import { ConfigError, issuesText } from './config-error.ts';

/** Throws ConfigError. */
export async function readConfigFile(file: string): Promise<ServerConfig> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ConfigError(`${file}: cannot be read (${error.code ?? error.message})`);
  });
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new ConfigError(`${file}: not valid YAML: ${(error as Error).message.split('\n', 1)[0]}`);
  }
  const parsed = serverConfig.safeParse(value);
  if (!parsed.success) throw new ConfigError(`${file}: ${issuesText(parsed.error)}`);
  return parsed.data;
}
