/**
 * `${NAME}` in the strings of a value, replaced from variables that are passed in. Must
 * not read the process's own.
 */
import { ConfigError } from '../config-error.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** A copy; throws ConfigError, which names the variable, where one is not set. `where` begins the message. */
export function substituted<T>(value: T, variables: Variables, where: string): T {
  return walk(value, variables, where, '') as T;
}

function walk(value: unknown, variables: Variables, where: string, path: string): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
      const found = variables[name];
      if (found === undefined || found === '') {
        throw new ConfigError(`${where}: ${path}: the environment variable ${name} is not set`);
      }
      return found;
    });
  }
  if (Array.isArray(value)) return value.map((entry, i) => walk(entry, variables, where, `${path}[${i}]`));
  if (typeof value !== 'object' || value === null) return value;
  const at = (key: string): string => (path === '' ? key : `${path}.${key}`);
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, walk(entry, variables, where, at(key))]));
}
