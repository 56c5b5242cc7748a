// Reading what may not be there. Any other trouble is thrown.

import { access, readdir, readFile } from 'node:fs/promises';

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

export async function exists(path: string): Promise<boolean> {
  return (await unlessMissing(access(path).then(() => true))) ?? false;
}

export async function readIfThere(path: string): Promise<string | undefined> {
  return unlessMissing(readFile(path, 'utf8'));
}

/** Names in a folder; none when there is no folder. */
export async function listIfThere(path: string): Promise<readonly string[]> {
  return (await unlessMissing(readdir(path))) ?? [];
}
