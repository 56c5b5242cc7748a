/**
 * Builds llama.cpp's own server, once: the program is kept in the cache under a hash of all that goes into it. The source
 * is that which the Python binding vendors, since a package registry is reachable where GitHub may not be.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { command, findProgram, lastLines } from '../cluster/command.ts';
import { exists } from '../cluster/files.ts';
import { withLock } from '../cluster/lock.ts';
import { installMissing } from '../cluster/packages.ts';
import type { Progress } from '../cluster/provider.ts';

const source = {
  package: 'llama-cpp-python',
  version: '0.3.36',
  sha256: '832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e',
};

/** For speed of building, not of inference: the models of tests are tiny. Nothing is linked but the C library. */
const flags = [
  'CMAKE_BUILD_TYPE=Release',
  'CMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG',
  'CMAKE_C_FLAGS_RELEASE=-O2 -DNDEBUG',
  'CMAKE_EXE_LINKER_FLAGS=-static-libgcc -static-libstdc++ -s',
  'BUILD_SHARED_LIBS=OFF',
  'GGML_NATIVE=OFF',
  'GGML_OPENMP=OFF',
  'LLAMA_CURL=OFF',
  'LLAMA_OPENSSL=OFF',
  'LLAMA_BUILD_TESTS=OFF',
  'LLAMA_BUILD_EXAMPLES=OFF',
  // The web page would be built with npm or downloaded.
  'LLAMA_BUILD_UI=OFF',
  'LLAMA_USE_PREBUILT_UI=OFF',
];

/** Debian's names of what the build needs. */
const buildPackages = ['cmake', 'make', 'g++', 'python3-pip'];

/** Path of `llama-server`. Takes a few minutes the first time; throws with the last lines of the build when it fails. */
export async function buildLlamaServer(cache: string, progress: Progress): Promise<string> {
  const step = 'Build llama-server';
  const path = await llamaServerPath(cache);
  if (await exists(path)) {
    progress({ step, state: 'cached' });
    return path;
  }
  progress({ step, state: 'start' });
  const begin = performance.now();
  const say = (detail: string) => progress({ step, state: 'info', detail });
  await withLock(
    join(cache, 'bin', 'llama-server.lock'),
    async () => {
      if (!(await exists(path))) await build(cache, path, say);
    },
    () => say('another process is building it'),
  );
  progress({ step, state: 'done', seconds: (performance.now() - begin) / 1000 });
  return path;
}

/** Path of `llama-server` if it is built already, for tests that can do without. */
export async function findLlamaServer(cache: string): Promise<string | undefined> {
  const path = (await findProgram('g++')) && (await llamaServerPath(cache));
  return path && (await exists(path)) ? path : undefined;
}

async function llamaServerPath(cache: string): Promise<string> {
  const inputs = JSON.stringify([source, flags, await asks('g++', ['--version']), process.arch]);
  const hash = createHash('sha256').update(inputs).digest('hex').slice(0, 16);
  return join(cache, 'bin', `llama-server-${hash}`, 'llama-server');
}

/** What a program that the build needs says of its version; installs what the build needs where that fails. */
async function asks(program: string, args: readonly string[]): Promise<string> {
  try {
    return await command(program, args);
  } catch {
    await installMissing(buildPackages);
    return command(program, args);
  }
}

async function build(cache: string, path: string, say: (detail: string) => void): Promise<void> {
  await asks('cmake', ['--version']);
  await asks('python3', ['-m', 'pip', '--version']);
  await mkdir(join(cache, 'bin'), { recursive: true });
  const folder = await mkdtemp(join(cache, 'bin', '.llama-server-'));
  try {
    say(`downloading the source (${source.package} ${source.version})`);
    const archive = await download(folder);
    await command('tar', [
      'xzf',
      archive,
      '--strip-components=3',
      '-C',
      folder,
      `${source.package.replaceAll('-', '_')}-${source.version}/vendor/llama.cpp`,
    ]);
    const generator = (await findProgram('ninja')) ? ['-G', 'Ninja'] : [];
    const made = join(folder, 'build');
    await command('cmake', [...generator, '-S', folder, '-B', made, ...flags.map((flag) => `-D${flag}`)], {
      timeout: 300_000,
    });
    await compile(made, say);
    const kept = join(folder, 'kept');
    await mkdir(kept);
    await rename(join(made, 'bin', 'llama-server'), join(kept, 'llama-server'));
    await rename(kept, join(path, '..'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** pip checks the hash before it looks into the archive. */
async function download(folder: string): Promise<string> {
  const requirements = join(folder, 'requirements.txt');
  await writeFile(requirements, `${source.package}==${source.version} --hash=sha256:${source.sha256}\n`);
  const options = ['--no-deps', '--no-binary', source.package, '--require-hashes', '-r', requirements, '-d', folder];
  await command('python3', ['-m', 'pip', 'download', '--no-cache-dir', ...options], { timeout: 600_000 });
  const archive = join(folder, `${source.package.replaceAll('-', '_')}-${source.version}.tar.gz`);
  const sum = createHash('sha256')
    .update(await readFile(archive))
    .digest('hex');
  if (sum !== source.sha256) throw new Error(`${archive} has the wrong content: sha256 ${sum}`);
  return archive;
}

async function compile(folder: string, say: (detail: string) => void): Promise<void> {
  const args = ['--build', folder, '--target', 'llama-server', '--parallel', String(availableParallelism())];
  const child = spawn('cmake', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let tail = '';
  let told = 0;
  const read = (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-8000);
    const percent = done(chunk.toString());
    if (percent < told + 10) return;
    told = percent;
    say(`${percent} % compiled`);
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`Building llama-server failed:\n${lastLines(tail, 20)}`);
}

/** Per cent done by a line of ninja, `[12/206] …`, or of make, `[ 12%] …`; 0 when it says neither. */
function done(output: string): number {
  const steps = [...output.matchAll(/^\[(\d+)\/(\d+)\]/gm)].at(-1);
  if (steps) return Math.floor((100 * Number(steps[1])) / Number(steps[2]));
  return Number([...output.matchAll(/^\[\s*(\d+)%\]/gm)].at(-1)?.[1] ?? 0);
}
