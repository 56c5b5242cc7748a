import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { cgroupProcesses } from './cgroups.ts';
import { command } from './command.ts';
import { kubectl } from './kubectl.ts';
import { openLocal } from './local-cluster.ts';
import { isAlive } from './pids.ts';
import type { Tier } from './provider.ts';
import { RunFolder } from './run-folder.ts';

const info = inject('cluster');

let runs = '';
beforeEach(async () => {
  runs = await mkdtemp('/var/tmp/mcp-fleet-down-');
});
afterEach(async () => {
  await command(process.execPath, [downScript], { env: { MCP_FLEET_RUN_DIR: runs } });
  await rm(runs, { recursive: true });
});

const downScript = join(import.meta.dirname, '..', 'down.ts');

/** Starts a cluster from a process of its own, which stays; returns that process and the run folder. */
async function starter(tier: Tier): Promise<{ child: ChildProcess; run: RunFolder }> {
  const program = `
    import { localProvider } from ${JSON.stringify(join(import.meta.dirname, 'local.ts'))};
    import { places } from ${JSON.stringify(join(import.meta.dirname, 'places.ts'))};
    const cluster = await localProvider(places(process.env)).start({ tier: '${tier}', progress: () => {} });
    console.log(cluster.runDir);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    env: { ...process.env, MCP_FLEET_RUN_DIR: runs },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, run: new RunFolder(line) };
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Processes anywhere on the machine that are in the given network namespace. */
async function inNamespace(namespace: string): Promise<readonly string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const spaces = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/ns/net`).catch(() => '')));
  return pids.filter((_, i) => spaces[i] === namespace);
}

const needsLocal =
  info.provider === 'local' ? undefined : `The clusters of ${info.provider} are not made of processes here.`;

test('down leaves nothing of a cluster with pods whose starter was killed, and touches no other cluster', async (context) => {
  context.skip(needsLocal !== undefined, needsLocal);
  const { child, run } = await starter('pods');
  const kube = kubectl(await openLocal(run.path));
  const container = { name: 'pause', image: 'mcpfleet.local/pause:dev' };
  await kube.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pause' }, spec: { containers: [container] } });
  await kube.wait('pod/pause', 'condition=Ready');
  await kill(child);

  const records = await run.processes();
  const members = await cgroupProcesses(run.cgroup);
  const holder = records.find(({ name }) => name === 'sandbox');
  const namespace = await readlink(`/proc/${holder?.pid}/ns/net`);
  const { port } = new URL((await run.read('cluster'))?.ingressUrl ?? '');
  expect(records.filter(isAlive).length).toBeGreaterThan(10);
  expect(members.length).toBeGreaterThan(records.filter(isAlive).length); // the pod and its shim

  const printed = await command(process.execPath, [downScript], { env: { MCP_FLEET_RUN_DIR: runs } });

  expect(printed).toMatch(new RegExp(`^Ended ${run.id}: processes .*kubelet.* more in its cgroup`, 's'));
  expect(records.filter(isAlive)).toEqual([]);
  expect(await cgroupProcesses(run.cgroup)).toEqual([]);
  expect(await inNamespace(namespace)).toEqual([]);
  expect(await readFile('/proc/self/mounts', 'utf8')).not.toContain(runs);
  expect(await command('find', ['/sys/fs/cgroup', '-maxdepth', '2', '-name', run.cgroup])).toBe('');
  await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow('fetch failed');
  expect((await readdir(runs)).filter((name) => !name.startsWith('.'))).toEqual([]);
  expect(await command(process.execPath, [downScript], { env: { MCP_FLEET_RUN_DIR: runs } })).toBe('Nothing to end.\n');
  expect((await fetch(`${info.ingressUrl}/nowhere`)).status).toBe(404); // the cluster of this test run still answers
});

test('a start ends what a killed starter left, and leaves a living cluster alone', async (context) => {
  context.skip(needsLocal !== undefined, needsLocal);
  const first = await starter('api');
  const second = await starter('api');
  expect((await first.run.processes()).every(isAlive)).toBe(true);
  await kill(first.child);
  const records = await first.run.processes();
  const third = await starter('api');
  expect(records.some(isAlive)).toBe(false);
  expect((await second.run.processes()).every(isAlive)).toBe(true);
  await kill(second.child);
  await kill(third.child);
});
