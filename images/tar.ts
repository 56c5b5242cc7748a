/**
 * Writes a tar stream whose bytes depend on its entries alone: sorted paths, one fixed time, root as owner, parent
 * directories made explicit. File contents are streamed, so a layer of any size costs little memory. Knows the POSIX
 * ustar format and nothing of images.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { posix } from 'node:path';

/** One entry; `path` is taken from the root of the archive, with or without a leading slash. */
export type TarEntry =
  | { readonly path: string; readonly mode?: number; readonly data: Buffer | string }
  /** `source` is a file of this machine; its mode is not taken over. */
  | { readonly path: string; readonly mode?: number; readonly source: string }
  /** `content` must yield exactly `size` bytes. */
  | {
      readonly path: string;
      readonly mode?: number;
      readonly size: number;
      readonly content: () => AsyncIterable<Buffer>;
    }
  /** A symbolic link to `link`, kept as written. */
  | { readonly path: string; readonly link: string }
  | { readonly path: string; readonly mode?: number; readonly directory: true };

const block = 512;
const types = { file: '0', link: '2', directory: '5' } as const;

/** The archive as a stream of chunks. Throws on a path given twice and when a content has another size than announced. */
export async function* tar(entries: readonly TarEntry[]): AsyncGenerator<Buffer> {
  for (const entry of withParents(entries)) {
    if ('directory' in entry) {
      yield header(`${entry.path}/`, { type: types.directory, mode: entry.mode ?? 0o755, size: 0 });
    } else if ('link' in entry) {
      yield header(entry.path, { type: types.link, mode: 0o777, size: 0, link: entry.link });
    } else {
      const { size, content } = await opened(entry);
      yield header(entry.path, { type: types.file, mode: entry.mode ?? 0o644, size });
      let written = 0;
      for await (const bytes of content()) {
        written += bytes.length;
        yield bytes;
      }
      if (written !== size) throw new Error(`"${entry.path}" was to have ${size} bytes and had ${written}`);
      yield padding(size);
    }
  }
  yield Buffer.alloc(2 * block);
}

async function opened(
  entry: Exclude<TarEntry, { link: string } | { directory: true }>,
): Promise<{ size: number; content: () => AsyncIterable<Buffer> | Iterable<Buffer> }> {
  if ('content' in entry) return entry;
  if ('data' in entry) {
    const data = Buffer.from(entry.data);
    return { size: data.length, content: () => [data] };
  }
  const { size } = await stat(entry.source);
  return { size, content: () => createReadStream(entry.source, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer> };
}

function withParents(entries: readonly TarEntry[]): TarEntry[] {
  const byPath = new Map<string, TarEntry>();
  for (const entry of entries) {
    const path = posix.normalize(entry.path).replace(/^\/+|\/+$/g, '');
    if (path === '' || path === '.' || path.split('/').includes('..'))
      throw new Error(`not a path inside the archive: "${entry.path}"`);
    if (byPath.has(path)) throw new Error(`two entries have the path "${path}"`);
    byPath.set(path, { ...entry, path });
  }
  // A parent that is added here is at the end of the map, so the loop comes to it too and finds its own parents known.
  for (const path of byPath.keys()) {
    for (let parent = posix.dirname(path); parent !== '.'; parent = posix.dirname(parent)) {
      const known = byPath.get(parent);
      if (known && !('directory' in known))
        throw new Error(`"${parent}" is not a directory, but "${path}" is inside it`);
      if (!known) byPath.set(parent, { path: parent, directory: true });
    }
  }
  // By code unit, not by locale; a parent sorts before what is inside it.
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function header(
  path: string,
  { type, mode, size, link = '' }: { type: string; mode: number; size: number; link?: string },
): Buffer {
  const [prefix, name] = split(path);
  const bytes = Buffer.alloc(block);
  bytes.write(name, 0, 100);
  bytes.write(octal(mode, 8), 100);
  bytes.write(octal(0, 8), 108);
  bytes.write(octal(0, 8), 116);
  bytes.write(octal(size, 12), 124);
  bytes.write(octal(0, 12), 136);
  bytes.write(' '.repeat(8), 148);
  bytes.write(type, 156);
  if (Buffer.byteLength(link) > 100) throw new Error(`link target of more than 100 bytes: "${link}"`);
  bytes.write(link, 157, 100);
  bytes.write('ustar\0', 257, 'latin1');
  bytes.write('00', 263);
  bytes.write(prefix, 345, 155);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}

/** ustar holds a path as a prefix of 155 and a name of 100 bytes, cut at a slash. */
function split(path: string): [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= 100) return ['', path];
  for (let at = path.indexOf('/'); at !== -1 && at < path.length - 1; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return [prefix, name];
  }
  throw new Error(`path too long for a tar archive: "${path}"`);
}

function octal(value: number, width: number): string {
  const digits = value.toString(8).padStart(width - 1, '0');
  if (digits.length > width - 1) throw new Error(`${value} does not fit a tar header`);
  return `${digits}\0`;
}

const padding = (size: number): Buffer => Buffer.alloc((block - (size % block)) % block);
