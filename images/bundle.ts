/**
 * Bundles the entry files of one image with everything they import into a folder of ES modules. What an entry imports
 * dynamically becomes a file of its own, so a heavy client costs neither time nor memory where it is not used.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { basename, join } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import type { TarEntry } from './tar.ts';

/** CommonJS dependencies call `require` for Node's own modules; an ES module has none unless it makes one. */
const requireBanner = `import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);`;

/**
 * One position for the whole of each dependency. With whole maps `--enable-source-maps` costs the server some 40 MB at
 * start, and nobody debugs a dependency by its bundled lines.
 */
const ownSourceMapsOnly: Plugin = {
  name: 'own-source-maps-only',
  setup(build) {
    const map = Buffer.from(JSON.stringify({ version: 3, sources: ['dependency'], mappings: 'AAAA' })).toString(
      'base64',
    );
    build.onLoad({ filter: /\/node_modules\/.*\.[cm]?js$/ }, async ({ path }) => ({
      contents: `${await readFile(path, 'utf8')}\n//# sourceMappingURL=data:application/json;base64,${map}`,
      loader: 'default',
    }));
  },
};

/** zod carries its messages in 50 languages; loading them all costs 10 ms and 3 MB at each start. */
const englishOnly: Plugin = {
  name: 'english-only',
  setup(build) {
    build.onLoad({ filter: /\/node_modules\/zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js';`,
      loader: 'js',
    }));
  },
};

export interface BundleSpec {
  /** Folder that source maps name the sources from; it does not show in the result. */
  readonly root: string;
  /** Name of the resulting file without `.mjs` → entry file. */
  readonly entries: Readonly<Record<string, string>>;
  /** Emptied first. */
  readonly outDir: string;
  /** Environment variables whose value is fixed in the bundle. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Bundle {
  readonly files: readonly string[];
  /** Names of the npm packages that are inside. */
  readonly packages: readonly string[];
}

/** Throws with esbuild's messages when an import cannot be resolved, and when one would not work in a bundle. */
export async function bundle({ root, entries, outDir, env = {} }: BundleSpec): Promise<Bundle> {
  await rm(outDir, { recursive: true, force: true });
  return bundleInto(outDir, root, {
    entryPoints: { ...entries },
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunk-[hash]',
    splitting: true,
    format: 'esm',
    banner: { js: requireBanner },
    define: fixed(env),
  });
}

/** Replaces environment variables by their values. */
export const fixed = (env: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(env).map(([name, value]) => [`process.env.${name}`, JSON.stringify(value)]));

/** Runs the bundler with what holds for every bundle of ours, and adds its files to a folder. */
export async function bundleInto(outDir: string, root: string, options: BuildOptions): Promise<Bundle> {
  const { metafile, outputFiles } = await build({
    absWorkingDir: root,
    // Not the real one: paths in source maps are relative to it, and the digest must not depend on where it is.
    outdir: root,
    bundle: true,
    platform: 'node',
    target: 'node24',
    // Node 24 has `using`; esbuild does not know that yet.
    supported: { using: true },
    // Identifiers stay as they are, for stack traces.
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'external',
    // Optional native parts that their packages try to load and do without.
    external: ['pg-native', 'bufferutil', 'utf-8-validate'],
    logLevel: 'silent',
    ...options,
    plugins: [englishOnly, ownSourceMapsOnly, ...(options.plugins ?? [])],
    write: false,
    metafile: true,
  });
  refuseBrokenImports(metafile);
  await mkdir(outDir, { recursive: true });
  const files = outputFiles.map(({ path }) => join(outDir, basename(path)));
  await Promise.all(outputFiles.map(({ contents }, at) => writeFile(files[at] as string, contents)));
  return { files, packages: [...new Set(Object.keys(metafile.inputs).flatMap(packageOf))].sort() };
}

/** What esbuild lets pass and what would fail at run time only, or only for some users. */
function refuseBrokenImports({ inputs }: Metafile): void {
  for (const [importer, { imports }] of Object.entries(inputs)) {
    if (packageOf(importer).length > 0) continue;
    for (const { kind, path, external, original } of imports) {
      // Inside of `try` a dynamic import of what is not there becomes an external one.
      if (external && !isBuiltin(path) && !besides(path))
        throw new Error(`${importer} imports ${path}, which cannot be resolved`);
      // Unlike Node, esbuild gives a CommonJS module that is imported dynamically no named exports.
      if (kind === 'dynamic-import' && inputs[path]?.format === 'cjs')
        throw new Error(
          `${importer} imports ${original} dynamically, which is CommonJS: import it in a module of your own, and that module dynamically`,
        );
    }
  }
}

/** How a package is named that is a file of its own beside the program. */
export const beside = (name: string): string => `./${name}.cjs`;

const besides = (path: string): boolean => path === beside(basename(path, '.cjs'));

/** The bundle as files below `folder` of an image. */
export function bundleLayer({ files }: Bundle, folder: string): { readonly files: readonly TarEntry[] } {
  return { files: files.map((file) => ({ path: join(folder, basename(file)), source: file })) };
}

function packageOf(input: string): string[] {
  const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
  return name ? [name] : [];
}
