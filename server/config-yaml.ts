/**
 * The parser of configurations that people write. Loaded where one is not JSON.
 */
import { parse } from 'yaml';
import { ConfigError } from './config-error.ts';

/** Throws ConfigError. */
export function parseYaml(file: string, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new ConfigError(`${file}: not valid YAML: ${(error as Error).message.split('\n', 1)[0]}`);
  }
}
