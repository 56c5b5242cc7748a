// Where built things and running clusters live on this machine. The one place
// that knows the environment variables for it; callers pass the environment in.

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

export interface Places {
  /** Things that can be built again: binaries, images, containerd's root. */
  readonly cache: string;
  /** One folder per running local cluster. */
  readonly runs: string;
}

export function places(env: Readonly<Record<string, string | undefined>>): Places {
  const cache = join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'mcp-fleet');
  return { cache: resolve(cache), runs: resolve(env['MCP_FLEET_RUN_DIR'] ?? '/var/lib/mcp-fleet/run') };
}
