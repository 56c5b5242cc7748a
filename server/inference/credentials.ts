/**
 * Credentials of backends from mounted Secrets, one folder per backend. Read anew when
 * the file changes, so that a rotated Secret counts without a restart. Must not know
 * how a credential is sent.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A credential is a line of text; more is a mistake. */
const MAX_BYTES = 64 * 1024;

/** Reads the credential of a backend; undefined while there is none. */
export type Credentials = (backend: string) => Promise<string | undefined>;

export function mountedCredentials(directory: string): Credentials {
  const cache = new Map<string, { readonly version: string; readonly token: string }>();
  return async (backend) => {
    // Names of objects hold no slash; this is the second lock on the same door.
    if (!/^[a-z0-9][-a-z0-9.]*$/.test(backend)) return undefined;
    const file = join(directory, backend, 'token');
    const found = await stat(file).catch(() => undefined);
    if (found === undefined || !found.isFile() || found.size > MAX_BYTES) {
      cache.delete(backend);
      return undefined;
    }
    // The kubelet swaps a symbolic link, so another file appears under the same name.
    const version = `${found.ino}:${found.mtimeMs}:${found.size}`;
    const known = cache.get(backend);
    if (known?.version === version) return known.token;
    const token = (await readFile(file, 'utf8')).trim();
    cache.set(backend, { version, token });
    return token;
  };
}
