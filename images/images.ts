/**
 * The images of this project: what is in each and how it starts. Both are Node with one bundle, so they share their base
 * layer; neither has a shell or a package manager, and neither writes to its root file system.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeBase, nonRoot } from './base.ts';
import { type Bundle, bundle, bundleLayer } from './bundle.ts';
import { type ImageSpec, writeImage } from './oci.ts';

const root = join(import.meta.dirname, '..');

/** Entry files by the name they have in `/app`; `main.mjs` is what the image runs. */
export const images = {
  server: {
    title: 'mcp-fleet server',
    entries: { main: join(root, 'server/main.ts'), stdio: join(root, 'server/stdio.ts') },
    flags: [],
  },
  operator: {
    title: 'mcp-fleet operator',
    entries: { main: join(root, 'operator/main.ts') },
    // Watch streams are garbage as soon as they are projected: without this the heap grows to five times of what lives
    // in it, for a sixth less CPU.
    flags: ['--optimize-for-size'],
  },
} as const satisfies Record<
  string,
  { title: string; entries: { main: string; [name: string]: string }; flags: readonly string[] }
>;

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
  return bundle({ root, entries: images[image].entries, outDir: join(outDir, 'bundles', image), env });
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

/** What is in an image and how it starts, given its bundle. */
export async function imageSpec(image: ImageName, name: string, app: Bundle): Promise<ImageSpec> {
  return {
    name,
    layers: [await nodeBase(), bundleLayer(app, '/app')],
    config: {
      // The heap ends below the container's limit, so that Node collects before the kernel kills.
      entrypoint: [
        '/usr/local/bin/node',
        '--enable-source-maps',
        '--max-old-space-size-percentage=75',
        ...images[image].flags,
        '/app/main.mjs',
      ],
      env: environment,
      user: `${nonRoot}:${nonRoot}`,
      workingDir: '/app',
      labels: {
        'org.opencontainers.image.title': images[image].title,
        'org.opencontainers.image.licenses': 'Apache-2.0',
      },
    },
  };
}
