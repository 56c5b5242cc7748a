/**
 * Starts one server as a process on the servers' processor and waits until its port takes connections. What it writes
 * is read here, on the other processor, so that a full pipe never holds it up.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { acceptsConnections, freePort } from '#e2e/cluster/ports.ts';
import { pinned } from './processors.ts';

export interface ServerProcess {
  readonly pid: number;
  readonly url: string;
  readonly child: ChildProcess;
  /** The last that it wrote, for errors. */
  readonly lastWords: () => string;
  stop(): Promise<void>;
}

export interface ServerCommand {
  /** Node's arguments for a port. */
  readonly args: (port: number) => readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the process answers messages over a channel. */
  readonly channel?: boolean;
}

const START_LIMIT_MS = 30_000;
const WORDS = 8 * 1024;

export async function startServer({ args, cwd, env, channel = false }: ServerCommand): Promise<ServerProcess> {
  const port = await freePort();
  const [program = '', ...rest] = pinned('server', [process.execPath, ...args(port)]);
  const child = spawn(program, rest, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { NODE_ENV: 'production', PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(channel ? (['ipc'] as const) : [])],
  });
  let words = '';
  const keep = (chunk: Buffer): void => {
    words = (words + chunk.toString()).slice(-WORDS);
  };
  child.stderr?.on('data', keep);
  child.stdout?.on('data', (chunk: Buffer) => {
    // Later it is one line a call, and only the first are worth keeping.
    if (words.length < WORDS) keep(chunk);
  });
  const server: ServerProcess = {
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${port}/mcp`,
    child,
    // A line of a bundle may be a whole file.
    lastWords: () => words.replaceAll(/^(.{400}).*$/gm, '$1 …'),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
  const began = performance.now();
  while (!(await acceptsConnections(port))) {
    const late = performance.now() - began > START_LIMIT_MS;
    if (child.exitCode === null && !late) {
      await sleep(10);
      continue;
    }
    await server.stop();
    throw new Error(`${rest.join(' ')} ${late ? 'did not listen in time' : 'ended'}: ${server.lastWords()}`);
  }
  return server;
}
