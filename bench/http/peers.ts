/**
 * Other people's servers to run beside ours. Their packages are none of this project's: they are installed into the
 * user's cache when a benchmark wants them, exactly as the lockfile names them.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '#e2e/cluster/command.ts';
import { places } from '#e2e/cluster/places.ts';
import { type ServerProcess, startServer } from './servers.ts';

export type PeerName = 'sdk2' | 'sdk2-sessions' | 'sdk1' | 'sdk1-sessions' | 'fastmcp';

const SOURCE = join(import.meta.dirname, '../peers');

/** The folder with the peers and their packages. Installs them when they or their packages have changed. */
export async function installPeers(progress: (line: string) => void): Promise<string> {
  const files = readdirSync(SOURCE).toSorted();
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(join(SOURCE, file)));
  const folder = join(places(process.env).cache, 'bench-peers', hash.digest('hex').slice(0, 16));
  if (existsSync(folder)) return folder;
  progress('installing the peers (npm ci), once');
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    cpSync(SOURCE, unfinished, { recursive: true });
    await command('npm', ['ci', '--ignore-scripts'], { cwd: unfinished, timeout: 600_000 });
    if (!existsSync(folder)) renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** With as many tools as asked for, all of which echo. */
export const startPeer = (folder: string, name: PeerName, tools = 1): Promise<ServerProcess> =>
  startServer({ args: (port) => [`${name}.mjs`, String(port), String(tools)], cwd: folder });

/** From the folder of the bundles, because Node keeps much memory for stripping types. */
export const startCeiling = (
  folder: string,
  kind: 'echo' | 'fixed' | 'streams',
  file?: string,
): Promise<ServerProcess> =>
  startServer({
    args: (port) => [join(folder, 'ceiling.mjs'), String(port), kind, ...(file === undefined ? [] : [file])],
  });
