/**
 * Bundles the entry files of an image into one program that starts fast: one file for all of it, a small file by which each
 * entry is started, and what V8 compiled while the program ran. Packages that few use lie beside it and are read when
 * they are needed.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Plugin } from 'esbuild';
import { type Bundle, type BundleSpec, beside, bundleInto, fixed } from './bundle.ts';
import { PROGRAM, PROGRAM_CODE, programScope } from './load-program.ts';

const here = import.meta.dirname;
const kept = join(here, '../node_modules/.cache/mcp-fleet/code');
const START_MS = 60_000;

export interface ProgramSpec extends BundleSpec {
  /** Packages that only few runs of the program load. */
  readonly apart: readonly string[];
}

/** Without compiled code. Throws as `bundle` does, and where a module awaits at its top level. */
export async function bundleProgram({ root, entries, apart, outDir, env = {} }: ProgramSpec): Promise<Bundle> {
  await rm(outDir, { recursive: true, force: true });
  const names = Object.keys(entries);
  const parts = [
    await bundleInto(outDir, root, {
      entryPoints: Object.fromEntries(names.map((name) => [name, join(here, 'start-program.ts')])),
      outExtension: { '.js': '.mjs' },
      format: 'esm',
    }),
    await bundleInto(outDir, root, {
      stdin: {
        contents: names.map((name) => `exports.${name} = () => require(${JSON.stringify(entries[name])});`).join('\n'),
        resolveDir: root,
      },
      entryNames: basename(PROGRAM, '.js'),
      format: 'cjs',
      banner: { js: `(function (${programScope.join(', ')}) {` },
      footer: { js: '})' },
      define: { ...fixed(env), 'import.meta.url': programScope.at(-1) as string },
      plugins: [setApart(apart)],
    }),
    await bundleInto(outDir, root, {
      entryPoints: Object.fromEntries(apart.map((name) => [name, name])),
      outExtension: { '.js': '.cjs' },
      format: 'cjs',
    }),
  ];
  return {
    files: parts.flatMap(({ files }) => files),
    packages: [...new Set(parts.flatMap(({ packages }) => packages))].sort(),
  };
}

const setApart = (packages: readonly string[]): Plugin => ({
  name: 'set-apart',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, ({ path }) =>
      packages.includes(path) ? { path: beside(path), external: true } : undefined,
    );
  },
});

/**
 * Adds what V8 compiles of the program while `run`, a script of Node, makes use of it. Two runs never compile the same, so
 * the code of a program is made once on a machine, and equal programs get equal images.
 */
export async function compileProgram(program: Bundle, run: string, flags: readonly string[]): Promise<Bundle> {
  const file = program.files.find((name) => basename(name) === PROGRAM) as string;
  const target = join(dirname(file), PROGRAM_CODE);
  const from = [process.version, process.arch, flags, await readFile(run), await readFile(file)];
  const hash = from.reduce((sum, part) => sum.update(part.toString()), createHash('sha256')).digest('hex');
  const copy = join(kept, hash);
  try {
    await copyFile(copy, target);
  } catch {
    await promisify(execFile)(process.execPath, [...flags, run, dirname(file), target], { timeout: START_MS });
    await mkdir(kept, { recursive: true });
    await copyFile(target, `${copy}.${process.pid}`);
    await rename(`${copy}.${process.pid}`, copy);
  }
  return { ...program, files: [...program.files, target] };
}
