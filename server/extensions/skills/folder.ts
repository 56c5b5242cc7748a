/**
 * The files below a mounted folder, as skills need them: bounded in number, depth and size, and never one that lies
 * elsewhere. Links are followed, because files of a ConfigMap are links within its mount. Knows nothing of skills.
 */
import { constants } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { digestOf, MAX_BYTES, type SkillFile } from './skill.ts';

export interface Scanned {
  readonly files: readonly SkillFile[];
  /** Every folder with anything in it or not, without the root itself. */
  readonly folders: readonly string[];
  /** What was left out, and why. */
  readonly problems: readonly string[];
}

const MAX_DEPTH = 8;
const MAX_ENTRIES = 8_192;
const MAX_NAME = 255;

interface Known {
  readonly stamp: string;
  readonly digest: string;
}

/** Hashes are kept from scan to scan for files that have not changed. */
export function openFolder(root: string) {
  let known = new Map<string, Known>();

  const fileDigest = async (path: string, real: string, stamp: string): Promise<string | undefined> => {
    const before = known.get(path);
    if (before?.stamp === stamp) return before.digest;
    const content = await readWhole(real);
    return content && digestOf(content);
  };

  /** Rejects where the root itself cannot be read. */
  return async function scan(): Promise<Scanned> {
    const base = await realpath(root);
    const files: SkillFile[] = [];
    const folders: string[] = [];
    const problems: string[] = [];
    const seen = new Map<string, Known>();
    let entries = 0;

    const addFile = async (path: string, real: string): Promise<void> => {
      const { size, mtimeMs, ino } = await stat(real);
      if (size > MAX_BYTES) return void problems.push(`${path} is larger than ${MAX_BYTES} bytes`);
      const stamp = `${real} ${size} ${mtimeMs} ${ino}`;
      const digest = await fileDigest(path, real, stamp);
      if (digest === undefined) return;
      seen.set(path, { stamp, digest });
      files.push({ path, size, digest, read: () => readWithin(base, join(base, path)) });
    };
    const walk = async (folder: string, depth: number): Promise<void> => {
      const names = await readdir(join(base, folder));
      for (const name of names.sort()) {
        if (name.startsWith('.')) continue; // a ConfigMap's own folders, and what people mean to hide
        const path = folder === '' ? name : `${folder}/${name}`;
        entries += 1;
        if (entries > MAX_ENTRIES)
          return void (entries === MAX_ENTRIES + 1 && problems.push(`there are more than ${MAX_ENTRIES} files`));
        if (name.length > MAX_NAME || /[\p{Cc}\\]/u.test(name))
          problems.push(`${JSON.stringify(path)} has a name that no URI should have`);
        else
          await add(path, depth).catch((error: unknown) =>
            problems.push(`${path}: ${(error as NodeJS.ErrnoException).code ?? 'unreadable'}`),
          );
      }
    };
    const add = async (path: string, depth: number): Promise<void> => {
      const real = await realpath(join(base, path));
      if (!real.startsWith(base + sep)) return void problems.push(`${path} is a link to a place outside`);
      const found = await stat(real);
      if (found.isFile()) return addFile(path, real);
      if (!found.isDirectory()) return void problems.push(`${path} is neither a file nor a folder`);
      if (depth >= MAX_DEPTH) return void problems.push(`${path} is deeper than ${MAX_DEPTH} folders`);
      folders.push(path);
      await walk(path, depth + 1);
    };
    await walk('', 0);
    known = seen;
    return { files, folders, problems };
  };
}

/** The file may have been replaced by a link since it was found. */
async function readWithin(base: string, path: string): Promise<Buffer | undefined> {
  try {
    const real = await realpath(path);
    return real.startsWith(base + sep) ? await readWhole(real) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Undefined for what is no file, or is too large. */
async function readWhole(real: string): Promise<Buffer | undefined> {
  const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = await file.stat();
    if (!found.isFile() || found.size > MAX_BYTES) return undefined;
    const content = Buffer.alloc(found.size);
    const { bytesRead } = await file.read(content, 0, found.size, 0);
    return content.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
