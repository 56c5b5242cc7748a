// Debian packages: those of the local cluster's programs, and any that a caller
// names. Installs what is missing where that is allowed; starts no service.

import { rm, writeFile } from 'node:fs/promises';
import { command, findProgram } from './command.ts';
import { exists } from './files.ts';
import { type Progress, step } from './provider.ts';

interface Need {
  readonly package: string;
  /** A program by name, or a file by its absolute path. */
  readonly provides: string;
}

const always: readonly Need[] = [{ package: 'iproute2', provides: 'ip' }];
const forPods: readonly Need[] = [
  { package: 'containerd', provides: 'containerd' },
  { package: 'runc', provides: 'runc' },
  { package: 'containernetworking-plugins', provides: '/usr/lib/cni/bridge' },
  { package: 'iptables', provides: 'iptables' },
  { package: 'conntrack', provides: 'conntrack' },
  { package: 'ipset', provides: 'ipset' },
];

async function present(need: Need): Promise<boolean> {
  if (!need.provides.startsWith('/')) return (await findProgram(need.provides)) !== undefined;
  return exists(need.provides);
}

const policy = '/usr/sbin/policy-rc.d';

/** Keeps Debian's packages from starting their services while they are installed; asks invoke-rc.d's policy hook. */
async function withoutServices(work: () => Promise<unknown>): Promise<void> {
  const ours = !(await exists(policy));
  if (ours) await writeFile(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await work();
  } finally {
    if (ours) await rm(policy, { force: true });
  }
}

/** Makes sure that the system programs of a tier are there. Throws with the command to run when it cannot install them. */
export async function installPackages(pods: boolean, progress: Progress): Promise<void> {
  const missing: string[] = [];
  for (const need of pods ? [...always, ...forPods] : always) if (!(await present(need))) missing.push(need.package);
  if (missing.length === 0) {
    progress({ step: 'System packages', state: 'cached' });
    return;
  }
  await step(progress, `Install ${missing.join(', ')} (apt-get)`, () => installMissing(missing));
}

/** Whether this process may install Debian packages. */
export async function mayInstall(): Promise<boolean> {
  return process.getuid?.() === 0 && (await findProgram('apt-get')) !== undefined;
}

/** Installs Debian packages that are not there. Throws with the command to run where that is not allowed. */
export async function installMissing(packages: readonly string[]): Promise<void> {
  const install = `apt-get install --no-install-recommends ${packages.join(' ')}`;
  if (!(await mayInstall())) {
    throw new Error(`Programs are needed that this machine lacks. As root, run: ${install}`);
  }
  await withoutServices(() => aptInstall(packages));
}

async function aptInstall(packages: readonly string[]): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const args = ['-qq', '-o', 'DPkg::Lock::Timeout=300', '--no-install-recommends', 'install', '-y', ...packages];
  try {
    await command('apt-get', args, { env, timeout: 600_000 });
  } catch {
    // The usual cause is a package list that is missing or old.
    await command('apt-get', ['-qq', 'update'], { env, timeout: 600_000 });
    await command('apt-get', args, { env, timeout: 600_000 });
  }
  // Nobody but this project wanted containerd here: it must not come up with the next boot either.
  if (packages.includes('containerd') && (await exists('/run/systemd/system'))) {
    await command('systemctl', ['disable', '--now', 'containerd.service']);
  }
}
