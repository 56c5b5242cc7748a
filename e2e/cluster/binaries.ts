// Builds the programs of the local cluster with Go, each once: the result is
// kept in the cache under a hash of everything that goes into it. Knows how to
// build, not what (binaries/programs.ts) and not when.

import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Program, type ProgramName, programs } from './binaries/programs.ts';
import { CommandError, command, lastLines } from './command.ts';
import { exists } from './files.ts';
import { withLock } from './lock.ts';
import type { Progress } from './provider.ts';

const minimum = { major: 1, minor: 26 };
const toolchain = 'go1.26.8';
const goFlags = '-trimpath -buildvcs=false';
const buildTimeout = 3_600_000;

interface Go {
  readonly version: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Folder of a built program: `<folder>/<name>` and its links. */
export interface Built {
  readonly folder: string;
  readonly path: string;
}

async function findGo(): Promise<Go> {
  const env = { CGO_ENABLED: '0', GOFLAGS: goFlags, GOTOOLCHAIN: 'local', GOWORK: 'off' };
  let version: string;
  try {
    version = await command('go', ['version'], { env });
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new Error(
      `Go ${minimum.major}.${minimum.minor} or newer is needed to build the local cluster's programs: https://go.dev/dl/`,
      { cause: error },
    );
  }
  const [, major, minor] = /go(\d+)\.(\d+)/.exec(version) ?? [];
  if (Number(major) === minimum.major && Number(minor) < minimum.minor) {
    // Go fetches the newer toolchain itself, through the module proxy (https://go.dev/doc/toolchain).
    const newer = { ...env, GOTOOLCHAIN: toolchain };
    return { version: await command('go', ['version'], { env: newer, timeout: 600_000 }), env: newer };
  }
  return { version, env };
}

const sources = join(import.meta.dirname, 'binaries');

async function hash(program: Program, go: Go): Promise<string> {
  const sum = createHash('sha256').update(JSON.stringify([program, goFlags, go.version.trim()]));
  if ('folder' in program.source) {
    const folder = join(sources, program.source.folder);
    for (const file of (await readdir(folder)).sort()) {
      const text = await readFile(join(folder, file));
      sum
        .update(`${file} ${text.length}
`)
        .update(text);
    }
  }
  return sum.digest('hex').slice(0, 16);
}

async function compile(program: Program, go: Go, target: string): Promise<void> {
  const ldflags = ['-s', '-w', ...program.ldflags].join(' ');
  const { source } = program;
  if ('folder' in source) {
    const tags = program.tags === undefined ? [] : ['-tags', program.tags];
    const args = ['build', ...tags, '-ldflags', ldflags, '-o', join(target, program.name), source.package];
    await command('go', args, { cwd: join(sources, source.folder), env: go.env, timeout: buildTimeout });
  } else {
    const args = ['install', '-ldflags', ldflags, `${source.package}@${source.version}`];
    await command('go', args, { env: { ...go.env, GOBIN: target }, timeout: buildTimeout });
  }
  for (const link of program.links ?? []) await symlink(program.name, join(target, link));
  if (program.files && 'version' in source) {
    const at = `${program.files.module}@${source.version}`;
    const { Dir } = JSON.parse(await command('go', ['mod', 'download', '-json', at], { env: go.env })) as {
      Dir: string;
    };
    for (const path of program.files.paths) await copyFile(join(Dir, path), join(target, basename(path)));
  }
}

async function build(name: ProgramName, go: Go, cache: string, progress: Progress): Promise<Built> {
  const program: Program = programs[name];
  const folder = join(cache, 'bin', `${name}-${await hash(program, go)}`);
  const built = { folder, path: join(folder, name) };
  const step = `Build ${name}`;
  if (await exists(built.path)) {
    progress({ step, state: 'cached' });
    return built;
  }
  const begin = performance.now();
  progress({ step, state: 'start' });
  const seconds = () => (performance.now() - begin) / 1000;
  const waiting = () => progress({ step, state: 'info', detail: 'another process is building it' });
  await withLock(
    join(cache, 'bin', `${name}.lock`),
    async () => {
      if (await exists(built.path)) return;
      await mkdir(join(cache, 'bin'), { recursive: true });
      const target = await mkdtemp(join(cache, 'bin', `.${name}-`));
      try {
        await compile(program, go, target);
        await rename(target, folder);
      } catch (error) {
        await rm(target, { recursive: true, force: true });
        const reason = error instanceof CommandError ? lastLines(error.stderr, 20) : String(error);
        throw new Error(`Building ${name} failed:\n${reason}`, { cause: error });
      }
    },
    waiting,
  );
  progress({ step, state: 'done', seconds: seconds() });
  return built;
}

/** Builds what is missing, one after the other (Go uses every core for each by itself). */
export async function buildPrograms<N extends ProgramName>(
  names: readonly N[],
  cache: string,
  progress: Progress,
): Promise<Record<N, Built>> {
  const go = await findGo();
  const built: Partial<Record<N, Built>> = {};
  for (const name of names) built[name] = await build(name, go, cache, progress);
  return built as Record<N, Built>;
}
