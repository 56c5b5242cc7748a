/**
 * A small file that somebody else changes: a mounted Secret or a projected token. Read again when it is asked for and
 * was read more than a second ago, so that a change counts without a restart. Must not know what it holds.
 */
import { readFile as readFromDisk } from 'node:fs/promises';

export interface MountedFile {
  /** Throws where it cannot be read, is empty, or is too large. The same object as long as the content is the same. */
  read(): Promise<Buffer>;
}

export type ReadFile = (path: string) => Promise<Buffer>;

const REREAD_MS = 1_000;
const MAX_BYTES = 64 * 1024;

export function mountedFile(
  path: string,
  { now, readFile = readFromDisk }: { readonly now: () => number; readonly readFile?: ReadFile | undefined },
): MountedFile {
  let content: Buffer | undefined;
  let readAt = -Infinity;
  return {
    async read() {
      const time = now();
      if (content !== undefined && time >= readAt && time - readAt < REREAD_MS) return content;
      const read = await readFile(path);
      if (read.length === 0) throw new Error(`${path} is empty`);
      if (read.length > MAX_BYTES) throw new Error(`${path} is larger than ${MAX_BYTES} bytes`);
      if (content?.equals(read) !== true) content = read;
      readAt = time;
      return content;
    },
  };
}
