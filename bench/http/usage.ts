/**
 * What a process has used, from /proc. Processor times are in ticks of 10 ms; the kernel keeps the sum
 * of user and system time exact.
 */
import { readFileSync } from 'node:fs';

const TICK_US = 10_000;

export interface Usage {
  /** User and system time of all threads since the start, in microseconds. */
  readonly cpuUs: number;
  /** Resident memory now, in MB of 2^20 bytes. */
  readonly rssMb: number;
}

/** Throws where the process has ended. */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the name in parentheses, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { cpuUs: (Number(fields[11]) + Number(fields[12])) * TICK_US, rssMb: rssMb(pid) };
}

function rssMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}
