/**
 * Reads the configuration that the operator has rendered into a file. Says file and field of what is wrong with it.
 */
import { readFileSync } from 'node:fs';
import { type ServerConfig, serverConfig } from './config.ts';
import { ConfigError, issuesText } from './config-error.ts';

/** Throws ConfigError. */
export async function readConfigFile(file: string): Promise<ServerConfig> {
  // Once and before anything else runs, so nothing waits for it; what reads without blocking takes longer to load.
  const parsed = serverConfig.safeParse(await parse(file, textOf(file)), { jitless: true });
  if (!parsed.success) throw new ConfigError(`${file}: ${issuesText(parsed.error)}`);
  return parsed.data;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ConfigError(`${file}: cannot be read (${code ?? message})`);
  }
}

/** JSON is YAML too, and read without loading a parser. */
async function parse(file: string, text: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch {
    const { parseYaml } = await import('./config-yaml.ts');
    return parseYaml(file, text);
  }
}
