/**
 * Writes a container image as a tar of an OCI image layout: `ctr images import`, `kind load image-archive`, skopeo and
 * crane read it. The same input gives the same digest at any time. Knows the OCI image format and
 * nothing of what is inside the image.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type TarEntry, tar } from './tar.ts';

type Architecture = 'amd64' | 'arm64';

export interface ImageSpec {
  /** Full name with domain and tag, such as `mcpfleet.local/server:dev`. */
  readonly name: string;
  /** Lowest first. */
  readonly layers: readonly { readonly files: readonly TarEntry[] }[];
  readonly config: {
    readonly entrypoint: readonly string[];
    readonly cmd?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    /** `uid[:gid]`; numeric, or `runAsNonRoot` cannot be checked. */
    readonly user?: string;
    readonly workingDir?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  /** That of this machine if absent. */
  readonly architecture?: Architecture;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

interface Blob {
  readonly descriptor: Descriptor;
  readonly content: () => AsyncIterable<Buffer>;
}

interface Described {
  readonly digest: string;
  readonly index: string;
  readonly blobs: readonly Blob[];
}

/**
 * Writes the image to `outFile`, whole or not at all, unless it is there already. `digest` is that of the manifest, the
 * one `kubectl` and `ctr` show. Throws when an input file is missing or changes while it is read.
 */
export async function writeImage(image: ImageSpec, outFile: string): Promise<{ digest: string; unchanged: boolean }> {
  const { digest, index, blobs } = await described(image);
  if (await endsWith(outFile, index)) return { digest, unchanged: true };
  await written(outFile, tar(layout(index, blobs)));
  return { digest, unchanged: false };
}

/** The digest that the image would have. */
export async function imageDigest(image: ImageSpec): Promise<string> {
  return (await described(image)).digest;
}

async function described(image: ImageSpec): Promise<Described> {
  if (!/^[^/]+\.[^/]+\/.+:[^:/]+$/.test(image.name))
    throw new Error(`image name needs a domain and a tag, as in example.org/server:1.0: "${image.name}"`);
  const layers = await Promise.all(
    image.layers.map(({ files }) => streamed('application/vnd.oci.image.layer.v1.tar', () => tar(files))),
  );
  const config = await json('application/vnd.oci.image.config.v1+json', imageConfig(image, layers));
  const manifest = await json('application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  });
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        ...manifest.descriptor,
        platform: platform(image),
        annotations: {
          'io.containerd.image.name': image.name,
          'org.opencontainers.image.ref.name': image.name.slice(image.name.lastIndexOf(':') + 1),
        },
      },
    ],
  });
  // Two identical layers are one blob.
  const blobs = new Map([...layers, config, manifest].map((blob) => [blob.descriptor.digest, blob]));
  return { digest: manifest.descriptor.digest, index, blobs: [...blobs.values()] };
}

function imageConfig({ config, ...image }: ImageSpec, layers: readonly Blob[]): object {
  const { env = {}, labels } = config;
  return {
    created: epoch,
    ...platform(image),
    config: {
      Entrypoint: config.entrypoint,
      ...(config.cmd && { Cmd: config.cmd }),
      Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      ...(config.user && { User: config.user }),
      ...(config.workingDir && { WorkingDir: config.workingDir }),
      ...(labels && { Labels: labels }),
    },
    // Layers are not compressed, so the digest of the blob is that of its content.
    rootfs: { type: 'layers', diff_ids: layers.map(({ descriptor }) => descriptor.digest) },
    history: layers.map(() => ({ created: epoch })),
  };
}

const epoch = '1970-01-01T00:00:00Z';

function platform({ architecture = localArchitecture() }: { readonly architecture?: Architecture }) {
  return { architecture, os: 'linux' };
}

/** The architecture of this machine as image manifests write it. Throws on any other than these two. */
function localArchitecture(): Architecture {
  if (process.arch === 'x64') return 'amd64';
  if (process.arch === 'arm64') return 'arm64';
  throw new Error(`images are built for amd64 and arm64, not for ${process.arch}`);
}

function layout(index: string, blobs: readonly Blob[]): TarEntry[] {
  return [
    { path: 'oci-layout', data: JSON.stringify({ imageLayoutVersion: '1.0.0' }) },
    { path: 'index.json', data: index },
    ...blobs.map(({ descriptor, content }) => ({
      path: `blobs/${descriptor.digest.replace(':', '/')}`,
      size: descriptor.size,
      content: () => verified(descriptor.digest, content()),
    })),
  ];
}

/** Digest and size by reading once; the content is read again when it is written, so that no temporary file is needed. */
async function streamed(mediaType: string, content: () => AsyncIterable<Buffer>): Promise<Blob> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of content()) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { descriptor: { mediaType, digest: `sha256:${hash.digest('hex')}`, size }, content };
}

async function* verified(digest: string, content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of content) {
    hash.update(chunk);
    yield chunk;
  }
  if (`sha256:${hash.digest('hex')}` !== digest)
    throw new Error(`an input of the layer ${digest} changed while it was read`);
}

function json(mediaType: string, value: object): Promise<Blob> {
  return streamed(mediaType, async function* () {
    yield Buffer.from(JSON.stringify(value));
  });
}

/** Whether the archive is there with this index, which names all of its content; the index is among its last entries. */
async function endsWith(file: string, index: string): Promise<boolean> {
  let handle: FileHandle;
  try {
    handle = await open(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  try {
    const { size } = await handle.stat();
    const tail = Buffer.alloc(Math.min(size, 16_384));
    await handle.read(tail, 0, tail.length, size - tail.length);
    return tail.includes(index);
  } finally {
    await handle.close();
  }
}

async function written(file: string, content: AsyncIterable<Buffer>): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const unfinished = `${file}.${randomUUID()}`;
  try {
    await pipeline(content, createWriteStream(unfinished));
    await rename(unfinished, file);
  } finally {
    await rm(unfinished, { force: true });
  }
}
