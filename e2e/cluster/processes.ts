// Starts processes inside a local cluster's namespaces and its cgroup, writes
// down who they are and waits until they work. Knows no flags of any program.

import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { lastLines } from './command.ts';
import { identify, isAlive, type ProcessId } from './pids.ts';
import type { ProcessRecord, RunFolder } from './run-folder.ts';

export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
}

export interface Sandbox {
  readonly run: RunFolder;
  /** Takes the pid of a process that shall belong to the run. */
  readonly cgroupProcs: string;
  readonly holder: ProcessId;
}

/** What every process of a run gets, instead of the environment of whoever started it. */
export const baseEnv = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
};

// Joins the cgroup first, so that a process is never outside of it; every later step is an exec and keeps the pid.
const join = 'echo $$ > "$1" && shift && exec "$@"';

/** Spawns a program so that it survives us and its pid is known; `fds` become its descriptors 3 and up. */
export async function spawnRecorded(
  run: RunFolder,
  cgroupProcs: string,
  name: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  fds: readonly number[] = [],
): Promise<ProcessId> {
  const log = await open(run.log(name), 'a');
  try {
    const child = spawn('/bin/sh', ['-c', join, 'sh', cgroupProcs, ...argv], {
      cwd: '/',
      env: { ...env },
      detached: true,
      stdio: ['ignore', log.fd, log.fd, ...fds],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    const id = child.pid === undefined ? undefined : identify(child.pid);
    if (!id) throw new Error(`${name} could not be started: ${await tail(run, name)}`);
    return id;
  } finally {
    await log.close();
  }
}

/** Starts a process in the cluster's network and mount namespace. */
export async function start(sandbox: Sandbox, spec: ProcessSpec, fds: readonly number[] = []): Promise<ProcessRecord> {
  if (!isAlive(sandbox.holder)) throw new Error(`The cluster ${sandbox.run.id} does not run any more.`);
  const env = { ...baseEnv, ...spec.env };
  const user =
    spec.uid === undefined
      ? []
      : ['setpriv', `--reuid=${spec.uid}`, `--regid=${spec.gid ?? spec.uid}`, '--clear-groups'];
  const folder = spec.cwd === undefined ? [] : ['env', `--chdir=${spec.cwd}`];
  const argv = [
    'nsenter',
    '-t',
    String(sandbox.holder.pid),
    '-n',
    '-m',
    '--',
    ...folder,
    ...user,
    spec.command,
    ...spec.args,
  ];
  const id = await spawnRecorded(sandbox.run, sandbox.cgroupProcs, spec.name, argv, env, fds);
  const record = { ...spec, env, ...id };
  await sandbox.run.writeProcess(record);
  return record;
}

/** The last lines that a process wrote. */
export async function tail(run: RunFolder, name: string, lines = 15): Promise<string> {
  const text = await readFile(run.log(name), 'utf8').catch(() => '');
  return lastLines(text.slice(-20_000), lines) || '(it wrote nothing)';
}

/** Asks again until the answer is true. Fails at the deadline, or at once when the process has ended, with its last words. */
export async function ready(
  run: RunFolder,
  name: string,
  check: () => Promise<boolean>,
  seconds: number,
): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    if (await check()) return;
    const record = await run.readProcess(name);
    const dead = record !== undefined && !isAlive(record);
    if (dead || performance.now() > deadline) {
      const what = dead ? 'ended' : `was not ready after ${seconds} s`;
      throw new Error(`${name} ${what}. Its log (${run.log(name)}) ends with:\n${await tail(run, name)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
