// Makes the private network and mount namespace in which a local cluster runs:
// no port, route, iptables rule, mount or kernel setting of it reaches the
// machine. All of it ends with its last process.

import { mkdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCgroup } from './cgroups.ts';
import { command } from './command.ts';
import { isAlive, type ProcessId } from './pids.ts';
import { baseEnv, type Sandbox, spawnRecorded, tail } from './processes.ts';
import type { RunFolder } from './run-folder.ts';

/** The machine's own address inside: the bridge that pods hang on. Host-side programs listen here. */
export const hostAddress = '10.200.0.1';

// Kernel settings that the kubelet would write for the whole machine, at the values it wants
// (setupKernelTunables in k8s.io/kubernetes/pkg/kubelet/cm): it finds them right and leaves the real ones alone.
const kernelSettings = {
  'vm/overcommit_memory': '1',
  'vm/panic_on_oom': '0',
  'kernel/panic': '10',
  'kernel/panic_on_oops': '1',
  'kernel/keys/root_maxkeys': '1000000',
  'kernel/keys/root_maxbytes': '25000000',
};

// /run is replaced as a whole: sockets of the machine's own services are out of reach, lock files are not shared,
// and what containerd and its shims leave in /run is gone with the namespace.
const setup = `
mount --make-rshared /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /run/netns
mount -t tmpfs -o mode=700 tmpfs "$RUN/etcd"
for setting in $SETTINGS; do
  if [ -e "/proc/sys/$setting" ]; then mount --bind "$RUN/sysctl/$(echo "$setting" | tr / .)" "/proc/sys/$setting"; fi
done
ip link set lo up
ip link add br0 type bridge
ip address add ${hostAddress}/24 dev br0
ip link set br0 up
ip route add default dev br0
echo 1 > /proc/sys/net/ipv4/ip_forward
`;

async function entered(holder: ProcessId): Promise<boolean> {
  const name = await readFile(`/proc/${holder.pid}/comm`, 'utf8').catch(() => '');
  if (name.trim() !== 'sleep') return false;
  return (await readlink(`/proc/${holder.pid}/ns/net`)) !== (await readlink('/proc/self/ns/net'));
}

export async function createSandbox(run: RunFolder): Promise<Sandbox> {
  if (/^(\/var)?\/run\//.test(run.path)) {
    throw new Error(`MCP_FLEET_RUN_DIR may not be below /run: the cluster has a /run of its own (${run.path}).`);
  }
  const cgroupProcs = await createCgroup(run.cgroup);
  const unshare = ['unshare', '--net', '--mount', '--propagation', 'private', 'sleep', 'infinity'];
  const holder = await spawnRecorded(run, cgroupProcs, 'sandbox', unshare, baseEnv);
  await run.writeProcess({ name: 'sandbox', command: 'unshare', args: unshare.slice(1), env: baseEnv, ...holder });
  const deadline = performance.now() + 5000;
  while (!(await entered(holder))) {
    if (!isAlive(holder) || performance.now() > deadline) {
      throw new Error(`A private network namespace cannot be made here: ${await tail(run, 'sandbox')}`);
    }
    await sleep(5);
  }
  await mkdir(run.file('sysctl'));
  for (const [name, value] of Object.entries(kernelSettings)) {
    await writeFile(run.file('sysctl', name.replaceAll('/', '.')), `${value}\n`);
  }
  await command('nsenter', ['-t', String(holder.pid), '-n', '-m', '--', 'sh', '-euc', setup], {
    env: { ...baseEnv, RUN: run.path, SETTINGS: Object.keys(kernelSettings).join(' ') },
  });
  await run.write('sandbox', { holder });
  return { run, cgroupProcs, holder };
}

/** The sandbox of a run that another process started. */
export async function openSandbox(run: RunFolder): Promise<Sandbox> {
  const record = await run.read('sandbox');
  if (!record || !isAlive(record.holder)) throw new Error(`The cluster ${run.id} does not run (any more).`);
  return { run, cgroupProcs: await createCgroup(run.cgroup), holder: record.holder };
}
