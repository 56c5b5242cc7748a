/**
 * The version that a server says it is: written into the bundle when that is built, read from package.json otherwise.
 */
import { readFileSync } from 'node:fs';

/** `built` is what the bundler put in the place of MCP_FLEET_BUILD_VERSION. */
export function readVersion(built: string | undefined): string {
  if (built !== undefined) return built;
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
