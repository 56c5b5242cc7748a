/**
 * The shared libraries that a program of this machine needs, as files of an image: what `ldd` names, each under the path
 * that the loader looks in. An image made of a program and these needs no distribution below it.
 */
import { execFile } from 'node:child_process';
import { access, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { TarEntry } from './tar.ts';

const run = promisify(execFile);

/** glibc opens these by name when a host name is looked up, so `ldd` does not know them; newer versions have them inside. */
const openedByName = ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'];

/** The program's libraries and its loader. Empty for a static program; throws when a library is missing here. */
export async function libraries(program: string): Promise<TarEntry[]> {
  const paths = new Set(await needed(program));
  const libc = [...paths].find((path) => path.endsWith('/libc.so.6'));
  if (libc) for (const path of await present(openedByName.map((name) => join(dirname(libc), name)))) paths.add(path);
  return Promise.all([...paths].map(async (path) => ({ path, source: await realpath(path), mode: 0o755 })));
}

async function needed(program: string): Promise<string[]> {
  let listing: string;
  try {
    listing = (await run('ldd', [program], { env: { ...process.env, LC_ALL: 'C' } })).stdout;
  } catch (error) {
    const said = `${(error as { stderr?: string }).stderr}${(error as { stdout?: string }).stdout}`;
    if (said.includes('not a dynamic executable') || said.includes('statically linked')) return [];
    throw error;
  }
  const missing = /^\s*(\S+) => not found/m.exec(listing);
  if (missing) throw new Error(`${program} needs ${missing[1]}, which this machine does not have`);
  // "name => /path (0x…)" and, for the loader, "/path (0x…)".
  return [...listing.matchAll(/(\/\S+) \(0x[0-9a-f]+\)/g)].map(([, path]) => path as string);
}

async function present(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    paths.map((path) =>
      access(path).then(
        () => [path],
        () => [],
      ),
    ),
  );
  return found.flat();
}
