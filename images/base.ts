/**
 * What every image of this project has below its program: an unprivileged user, name resolution, root certificates, a
 * place for temporary files, and, for the Node images, Node itself. There is no shell, so nothing in here can start one.
 */

import { createRequire } from 'node:module';
import { rootCertificates } from 'node:tls';
import { libraries } from './libraries.ts';
import type { TarEntry } from './tar.ts';

/** User and group of every process in our images; the id that distroless images give their `nonroot`. */
export const nonRoot = 65532;

const account = `nonroot:x:${nonRoot}:${nonRoot}`;

/** The files that a C library and a TLS client expect of any system. */
export const systemFiles: readonly TarEntry[] = [
  { path: '/etc/passwd', data: `root:x:0:0:root:/root:/sbin/nologin\n${account}:nonroot:/:/sbin/nologin\n` },
  { path: '/etc/group', data: `root:x:0:\nnonroot:x:${nonRoot}:\n` },
  { path: '/etc/nsswitch.conf', data: 'passwd: files\ngroup: files\nhosts: files dns\n' },
  // Mozilla's list as it is built into Node, so that the image does not depend on what this machine trusts.
  { path: '/etc/ssl/certs/ca-certificates.crt', data: `${rootCertificates.join('\n')}\n` },
  { path: '/tmp', directory: true, mode: 0o1777 },
];

/** Node, as the npm platform package delivers it, with the libraries of this machine. */
export async function nodeBase(): Promise<{ readonly files: readonly TarEntry[] }> {
  const node = createRequire(import.meta.url).resolve(`node-linux-${process.arch}/bin/node`);
  return {
    files: [...systemFiles, { path: '/usr/local/bin/node', source: node, mode: 0o755 }, ...(await libraries(node))],
  };
}
