// Ends a local cluster, whoever started it and however it was left: processes,
// mounts, cgroups, folder. Needs nothing but the run folder; touches nothing
// that does not provably belong to it.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupProcesses, removeCgroup } from './cgroups.ts';
import { command } from './command.ts';
import { withLock } from './lock.ts';
import { identify, isAlive, type ProcessId, signalProcess } from './pids.ts';
import { type RunFolder, removeRunFolder, runFolders } from './run-folder.ts';

export interface Ended {
  readonly id: string;
  /** Names of recorded processes that still ran, and the number of others in the run's cgroup. */
  readonly processes: readonly string[];
  readonly others: number;
  readonly mounts: number;
}

const patience = 15_000;

async function livingProcesses(
  run: RunFolder,
): Promise<ReadonlyMap<number, { readonly id: ProcessId; readonly name?: string }>> {
  const found = new Map<number, { readonly id: ProcessId; readonly name?: string }>();
  for (const pid of await cgroupProcesses(run.cgroup)) {
    const id = identify(pid);
    if (id && isAlive(id)) found.set(pid, { id });
  }
  for (const record of await run.processes()) {
    if (isAlive(record)) found.set(record.pid, { id: { pid: record.pid, start: record.start }, name: record.name });
  }
  return found;
}

async function endProcesses(run: RunFolder): Promise<Pick<Ended, 'processes' | 'others'>> {
  const named = new Set<string>();
  const others = new Set<string>();
  const deadline = performance.now() + patience;
  for (;;) {
    const living = await livingProcesses(run);
    if (living.size === 0) return { processes: [...named].sort(), others: others.size };
    if (performance.now() > deadline) {
      throw new Error(`Processes of ${run.id} do not end: ${[...living.keys()].join(', ')}`);
    }
    for (const { id, name } of living.values()) {
      if (name === undefined) others.add(`${id.pid} ${id.start}`);
      else named.add(name);
      signalProcess(id, 'SIGKILL');
    }
    await sleep(20);
  }
}

/** Takes away mounts at or below a folder, deepest first. */
async function unmountBelow(folder: string): Promise<number> {
  const points = (await readFile('/proc/self/mounts', 'utf8'))
    .split('\n')
    .map((line) =>
      (line.split(' ')[1] ?? '').replace(/\\([0-7]{3})/g, (_, code: string) =>
        String.fromCharCode(Number.parseInt(code, 8)),
      ),
    )
    .filter((point) => point === folder || point.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length);
  for (const point of points) await command('umount', ['--lazy', point]);
  return points.length;
}

async function removeCgroups(name: string): Promise<void> {
  const deadline = performance.now() + patience;
  for (;;) {
    const busy = await removeCgroup(name);
    if (busy.length === 0) return;
    if (performance.now() > deadline) throw new Error(`These cgroups cannot be removed: ${busy.join(', ')}`);
    await sleep(20); // the kernel lets go of an ended process a moment later
  }
}

/** Ends one run and removes its folder. May be called again after it failed half-way. */
export async function endRun(run: RunFolder): Promise<Ended> {
  const processes = await endProcesses(run);
  const mounts = await unmountBelow(run.path);
  await removeCgroups(run.cgroup);
  await removeRunFolder(run);
  return { id: run.id, ...processes, mounts };
}

/** A run is dead when the process it belonged to is, or, if it belongs to none, when its namespaces are gone. */
async function isDead(run: RunFolder): Promise<boolean> {
  const record = await run.read('run');
  if (record?.owner) return !isAlive(record.owner);
  const sandbox = await run.read('sandbox');
  return sandbox !== undefined && !isAlive(sandbox.holder);
}

/** Ends what earlier runs left that nobody uses any more. */
export async function endDeadRuns(runs: string): Promise<readonly Ended[]> {
  return withLock(join(runs, '.lock'), async () => {
    const ended: Ended[] = [];
    for (const run of await runFolders(runs)) if (await isDead(run)) ended.push(await endRun(run));
    return ended;
  });
}
