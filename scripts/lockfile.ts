/**
 * Command line: completes package-lock.json after a dependency has changed. npm leaves
 * out the builds of a package for other platforms where the registry at hand lacks
 * them, and `npm ci` then refuses the file everywhere. The platform stands in the name.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '#e2e/command-line.ts';

const usage = `usage: node scripts/lockfile.ts
  Completes package-lock.json with the builds for other platforms that npm has left out;
  to be run after a dependency has changed.`;

const LOCKFILE = join(import.meta.dirname, '..', 'package-lock.json');

interface Entry {
  readonly version?: string;
  readonly optional?: true;
  readonly dev?: true;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Lockfile {
  readonly packages: Readonly<Record<string, Entry>>;
}

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const PROCESSORS = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'];

/** Optional dependencies that some package of the file names and the file does not have. */
export function missing({
  packages,
}: Lockfile): readonly { readonly name: string; readonly version: string; readonly dev: boolean }[] {
  const found = new Map<string, { name: string; version: string; dev: boolean }>();
  for (const [path, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const at = [`node_modules/${name}`, `${path}/node_modules/${name}`];
      if (!at.some((candidate) => candidate in packages)) found.set(name, { name, version, dev: dev === true });
    }
  }
  return [...found.values()];
}

/** What npm needs to know of a build that it will not install here. */
export function entryOf(name: string, version: string, dev: boolean): Entry {
  const words = name.replace(/^@[^/]+\//, '').split(/[-/]/);
  const os = SYSTEMS.filter((system) => words.includes(system));
  const cpu = PROCESSORS.filter((processor) => words.includes(processor));
  if (os.length !== 1 || cpu.length !== 1) throw new Error(`${name}: its name does not tell the platform`);
  const libc = words.some((word) => word.startsWith('musl'))
    ? 'musl'
    : words.some((word) => word.startsWith('gnu'))
      ? 'glibc'
      : undefined;
  return {
    version,
    cpu,
    ...(dev ? { dev: true } : {}),
    ...(libc === undefined ? {} : { libc: [libc] }),
    optional: true,
    os,
  };
}

export function completed(lockfile: Lockfile): Lockfile {
  const added = missing(lockfile).map(({ name, version, dev }) => [
    `node_modules/${name}`,
    entryOf(name, version, dev),
  ]);
  const packages = { ...lockfile.packages, ...(Object.fromEntries(added) as Record<string, Entry>) };
  const sorted = Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1));
  return { ...lockfile, packages: Object.fromEntries(sorted) };
}

async function complete(): Promise<number> {
  const lockfile = JSON.parse(await readFile(LOCKFILE, 'utf8')) as Lockfile;
  console.log(`${missing(lockfile).length} builds for other platforms were missing in package-lock.json`);
  await writeFile(LOCKFILE, `${JSON.stringify(completed(lockfile), undefined, 2)}\n`);
  return 0;
}

if (import.meta.main) await runCommand({ usage, options: {} }, complete);
