// Process identities that survive the reuse of a pid: a number together with
// the kernel's start time. Linux only; knows nothing of clusters.

import { readFileSync } from 'node:fs';

export interface ProcessId {
  readonly pid: number;
  /** Clock ticks between boot and the start of the process: field 22 of /proc/<pid>/stat. */
  readonly start: string;
}

interface Stat {
  readonly state: string;
  readonly start: string;
}

function stat(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // no such process
  }
  // The second field is the name in brackets and may hold spaces and brackets itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, start] = [fields[0], fields[19]];
  return state === undefined || start === undefined ? undefined : { state, start };
}

/** The identity of a running process, or undefined when there is none with this pid. */
export function identify(pid: number): ProcessId | undefined {
  const found = stat(pid);
  return found && { pid, start: found.start };
}

/** Whether exactly this process still runs. A zombie does not: it holds no port, mount or memory. */
export function isAlive(id: ProcessId): boolean {
  const found = stat(id.pid);
  return found !== undefined && found.start === id.start && found.state !== 'Z' && found.state !== 'X';
}

/** Signals exactly this process; false when it is gone. */
export function signalProcess(id: ProcessId, signal: NodeJS.Signals): boolean {
  if (!isAlive(id)) return false;
  try {
    process.kill(id.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Resolves to true when the process has ended, to false when the deadline passed first. */
export async function ended(id: ProcessId, milliseconds: number): Promise<boolean> {
  const deadline = performance.now() + milliseconds;
  while (isAlive(id)) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
}
