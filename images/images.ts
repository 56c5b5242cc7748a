/**
 * The images of this project: what is in each and how it starts. All are Node with one bundle, so they share their base
 * layer; none has a shell or a package manager, and none writes to its root file system.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeBase, nonRoot } from './base.ts';
import { type Bundle, bundle, bundleLayer } from './bundle.ts';
import { type ImageSpec, writeImage } from './oci.ts';
import { bundleProgram, compileProgram } from './program.ts';
import { REGISTRY_LABEL, REGISTRY_NAME } from './registry-entry.ts';
import type { TarEntry } from './tar.ts';

const root = join(import.meta.dirname, '..');

const suite = join(root, 'node_modules/@modelcontextprotocol/conformance');

interface ImageSource {
  readonly title: string;
  readonly entries: { readonly main: string; readonly [name: string]: string };
  /** For one that must start fast: made into one file with compiled code, by running it in this way. */
  readonly program?: { readonly apart: readonly string[]; readonly run: string };
  readonly flags: readonly string[];
  /** Path in the image → folder of this machine whose files are there as they are. */
  readonly files?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Entry files by the name they have in `/app`; `main.mjs` is what the image runs. */
export const images = {
  server: {
    title: 'mcp-fleet server',
    entries: { main: join(root, 'server/main.ts'), stdio: join(root, 'server/stdio.ts') },
    program: { apart: ['undici', 'ioredis', 'pg'], run: join(import.meta.dirname, 'compile-server.ts') },
    // What calls leave behind is garbage at once: a small young generation stays in the processor's cache. Under full load
    // it takes 12 MB less than V8's own size. Without V8's middle compiler it takes 15 MB less again, and no more time.
    flags: ['--max-semi-space-size=4', '--no-maglev'],
    labels: { [REGISTRY_LABEL]: REGISTRY_NAME },
  },
  operator: {
    title: 'mcp-fleet operator',
    entries: { main: join(root, 'operator/main.ts') },
    // Node's own source maps cost 6 MB and a tenth of the start, which the server saves by reading them when it logs an
    // error. Watch streams are garbage as soon as they are projected: without this the heap grows to five times of what lives
    // in it, for a sixth less CPU.
    flags: ['--enable-source-maps', '--optimize-for-size'],
  },
  conformance: {
    title: 'mcp-fleet conformance suite',
    entries: { main: join(root, 'e2e/conformance/job.ts'), suite: join(suite, 'dist/index.js') },
    flags: [],
    // The suite looks for its lists above the folder of its program.
    files: { '/requirements': join(suite, 'requirements') },
  },
} as const satisfies Record<string, ImageSource>;

/**
 * glibc keeps an arena for each thread; with two, freed memory finds its way back. A container that starts again in its
 * pod finds its code compiled; where `/tmp` cannot be written, Node goes on without.
 */
export const environment = {
  NODE_ENV: 'production',
  MALLOC_ARENA_MAX: '2',
  NODE_COMPILE_CACHE: '/tmp/node-compile-cache',
};

export type ImageName = keyof typeof images;

export interface BuiltImage {
  /** As pods name it. */
  readonly name: string;
  /** An OCI archive. */
  readonly file: string;
  readonly digest: string;
  /** The archive was there already. */
  readonly unchanged: boolean;
}

export interface BuildOptions {
  /** Becomes `<outDir>/bundles/<image>/` and `<outDir>/images/<image>.tar`; `dist` of this project if absent. */
  readonly outDir?: string | undefined;
  /** Prefix of the name: a registry, or a domain that stands for none. */
  readonly repository?: string | undefined;
  readonly tag?: string | undefined;
}

/** The bundle alone, for an image that something else builds. */
export async function bundleImage(image: ImageName, outDir = join(root, 'dist')): Promise<Bundle> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const env = { MCP_FLEET_BUILD_VERSION: version };
  const { entries, program }: ImageSource = images[image];
  const spec = { root, entries, outDir: join(outDir, 'bundles', image), env };
  if (!program) return bundle(spec);
  return compileProgram(await bundleProgram({ ...spec, apart: program.apart }), program.run, nodeFlags(image));
}

/** Bundles and packs one image. */
export async function buildImage(
  image: ImageName,
  { outDir = join(root, 'dist'), repository = 'mcpfleet.local', tag = 'dev' }: BuildOptions = {},
): Promise<BuiltImage> {
  const name = `${repository}/${image}:${tag}`;
  const file = join(outDir, 'images', `${image}.tar`);
  return { name, file, ...(await writeImage(await imageSpec(image, name, await bundleImage(image, outDir)), file)) };
}

/** What Node is started with in an image; the heap ends below the container's limit, so that Node collects before the kernel kills. */
export const nodeFlags = (image: ImageName): readonly string[] => [
  '--max-old-space-size-percentage=75',
  ...images[image].flags,
];

async function copied({ files = {} }: ImageSource): Promise<readonly TarEntry[]> {
  const listed = Object.entries(files).map(async ([path, folder]) =>
    (await readdir(folder)).map((name) => ({ path: join(path, name), source: join(folder, name) })),
  );
  return (await Promise.all(listed)).flat();
}

/** What is in an image and how it starts, given its bundle. */
export async function imageSpec(image: ImageName, name: string, app: Bundle): Promise<ImageSpec> {
  const { labels = {} }: ImageSource = images[image];
  return {
    name,
    layers: [await nodeBase(), { files: [...bundleLayer(app, '/app').files, ...(await copied(images[image]))] }],
    config: {
      entrypoint: ['/usr/local/bin/node', ...nodeFlags(image), '/app/main.mjs'],
      env: environment,
      user: `${nonRoot}:${nonRoot}`,
      workingDir: '/app',
      labels: {
        'org.opencontainers.image.title': images[image].title,
        'org.opencontainers.image.licenses': 'Apache-2.0',
        ...labels,
      },
    },
  };
}
