/**
 * Where the measured server and what measures it run: one processor each, so that neither takes time from the other.
 * On a machine with one processor they share it.
 */
import { cpus } from 'node:os';
import { command } from '#e2e/cluster/command.ts';

/** Of the machine; `availableParallelism` would count what this process is pinned to. */
const SEVERAL = cpus().length > 1;

export type Side = 'server' | 'generator';

/** The command line that runs `command` on the processor of its side. */
export function pinned(side: Side, command: readonly string[]): string[] {
  if (!SEVERAL) return [...command];
  return ['taskset', '-c', side === 'server' ? '0' : '1', ...command];
}

/** Keeps this process, with all its threads, away from the servers' processor. */
export async function pinSelf(): Promise<void> {
  if (!SEVERAL) return;
  await command('taskset', ['-a', '-c', '-p', '1', String(process.pid)]);
}
