/**
 * The operator as a process of its own: started from its bundle against one API
 * server, watched from outside by /proc, ended with SIGKILL.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { environment, images } from '../../images/images.ts';

export interface Usage {
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

export interface Subject {
  usage(): Usage;
  kill(): Promise<void>;
}

export interface SubjectOptions {
  readonly bundle: string;
  readonly kubeconfig: string;
  readonly log: string;
  readonly proxy: string;
  readonly healthPort: number;
}

/** Resolves when the operator says that it is ready. */
export async function startSubject(options: SubjectOptions): Promise<Subject> {
  const output = openSync(options.log, 'a');
  const child = spawn(process.execPath, [...images.operator.flags, options.bundle], {
    stdio: ['ignore', output, output],
    env: {
      ...environment,
      PATH: process.env['PATH'] ?? '',
      KUBECONFIG: options.kubeconfig,
      HTTP_PROXY: options.proxy,
      MCP_FLEET_SERVER_IMAGE: 'example.invalid/server:bench',
      MCP_FLEET_LEADER_ELECTION: 'false',
      MCP_FLEET_HEALTH_ADDRESS: `127.0.0.1:${options.healthPort}`,
      POD_NAMESPACE: 'default',
      POD_NAME: `operator-${process.pid}-${options.healthPort}`,
    },
  });
  await ready(child, options);
  return {
    usage: () => usage(child.pid ?? 0),
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    },
  };
}

async function ready(child: ChildProcess, options: SubjectOptions): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${options.healthPort}/readyz`).catch(() => undefined);
    if (response?.ok) return;
    if (child.exitCode !== null) throw new Error(`the operator ended with code ${child.exitCode}; see ${options.log}`);
    if (performance.now() > deadline) throw new Error(`the operator was not ready within 60 s; see ${options.log}`);
    await sleep(10);
  }
}

function usage(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const peakKb = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  // proc(5): fields 14 and 15 are user and system time in ticks of 1/100 s.
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, peakRssMb: peakKb / 1024 };
}
