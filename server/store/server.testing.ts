/**
 * What throw-away servers of other projects need in tests: their Debian package, and a port. For tests only.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SERVICE_POLICY = '/usr/sbin/policy-rc.d';

/** Installs a package without starting its service (`invoke-rc.d` asks the policy file); false where that is not allowed. */
export async function installPackage(name: string): Promise<boolean> {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  console.warn(`installing Debian's package ${name} for tests`);
  const ours = !existsSync(SERVICE_POLICY);
  if (ours) await writeFile(SERVICE_POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const quiet = ['DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', '-o', 'DPkg::Lock::Timeout=300'];
    await run('env', [...quiet, 'update']);
    await run('env', [...quiet, 'install', '-y', '--no-install-recommends', name]);
  } finally {
    if (ours) await rm(SERVICE_POLICY, { force: true });
  }
  return true;
}

/** A port of loopback that was free a moment ago, for servers that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
