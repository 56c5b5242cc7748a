/**
 * Where the measured server and what measures it run: one processor each, so that neither takes time from the other.
 * On a machine with one processor they share it. And how long: what a benchmark started does not outlive it.
 */
import { cpus } from 'node:os';
import { command } from '#e2e/cluster/command.ts';

/** Of the machine; `availableParallelism` would count what this process is pinned to. */
const SEVERAL = cpus().length > 1;

export type Side = 'server' | 'generator';

/**
 * The command line that runs `command` on the processor of its side. The kernel ends it with the process that started
 * it, however that ends (prctl(2), PR_SET_PDEATHSIG).
 */
export function pinned(side: Side, command: readonly string[]): string[] {
  const bound = ['setpriv', '--pdeathsig', 'KILL', ...command];
  return SEVERAL ? ['taskset', '-c', side === 'server' ? '0' : '1', ...bound] : bound;
}

/** Keeps this process, with all its threads, away from the servers' processor. */
export async function pinSelf(): Promise<void> {
  if (!SEVERAL) return;
  await command('taskset', ['-a', '-c', '-p', '1', String(process.pid)]);
}
