// Reads which images an OCI archive (a tar of an OCI image layout) holds,
// without unpacking it.

import { open } from 'node:fs/promises';

export interface ArchivedImage {
  /** Full name, from the annotation that containerd and kind read. */
  readonly name: string;
  /** Digest of the manifest, `sha256:…`. */
  readonly digest: string;
}

interface Index {
  readonly manifests?: readonly { readonly digest: string; readonly annotations?: Readonly<Record<string, string>> }[];
}

const block = 512;
const maximum = 1 << 20;

/** The index of the archive: walks the tar's headers up to the file index.json. */
async function readIndex(tar: string): Promise<Index> {
  const file = await open(tar);
  try {
    const header = Buffer.alloc(block);
    for (let at = 0; ; ) {
      const { bytesRead } = await file.read(header, 0, block, at);
      const name = header.toString('latin1', 0, 100).replace(/\0.*$/s, '');
      if (bytesRead < block || name === '')
        throw new Error(`${tar} holds no index.json: it is not an OCI image archive.`);
      const size = Number.parseInt(header.toString('latin1', 124, 136), 8);
      if (name === 'index.json' || name === './index.json') {
        if (size > maximum) throw new Error(`The index.json of ${tar} is larger than 1 MiB.`);
        const text = Buffer.alloc(size);
        await file.read(text, 0, size, at + block);
        return JSON.parse(text.toString('utf8')) as Index;
      }
      at += block + Math.ceil(size / block) * block;
    }
  } finally {
    await file.close();
  }
}

export async function archivedImages(tar: string): Promise<readonly ArchivedImage[]> {
  const { manifests = [] } = await readIndex(tar);
  return manifests.map(({ digest, annotations = {} }) => {
    const name = annotations['io.containerd.image.name'];
    if (name === undefined) throw new Error(`An image in ${tar} has no annotation io.containerd.image.name.`);
    return { name, digest };
  });
}
