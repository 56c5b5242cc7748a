/**
 * Runs a program of the toolchain as a child process: in the foreground, so that its
 * own progress is seen, or quietly, with its output kept for the case that it fails.
 */
import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';

export const ROOT = join(import.meta.dirname, '..');

export interface Outcome {
  readonly name: string;
  readonly ok: boolean;
  readonly seconds: number;
  /** What the program printed; empty when it ran in the foreground. */
  readonly output: string;
}

/** One program to run. `node` and the programs of node_modules are found whatever the caller's PATH is. */
export interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

const environment = {
  ...process.env,
  PATH: [join(ROOT, 'node_modules', '.bin'), process.env['PATH'] ?? ''].join(delimiter),
};

/** Shares the terminal with the program; an interrupt ends the program first, so that it can tidy up. */
export function runInForeground(step: Step): Promise<Outcome> {
  return run(step, 'inherit');
}

export function runQuietly(step: Step): Promise<Outcome> {
  return run(step, 'pipe');
}

async function run({ name, command }: Step, output: 'inherit' | 'pipe'): Promise<Outcome> {
  const [program, ...args] = command;
  const begin = performance.now();
  const child = spawn(program, args, { cwd: ROOT, env: environment, stdio: ['ignore', output, output] });
  // A terminal interrupts the child by itself; a termination is for this process alone and is passed on.
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  const wait = () => undefined;
  process.on('SIGTERM', forward);
  process.on('SIGINT', wait);
  const printed = Promise.all([child.stdout, child.stderr].map(async (stream) => (stream ? text(stream) : '')));
  const { promise, resolve } = Promise.withResolvers<{ ok: boolean; problem: string }>();
  child.on('error', (error) => resolve({ ok: false, problem: error.message }));
  child.on('close', (code, signal) => resolve({ ok: code === 0, problem: signal ? `ended by ${signal}` : '' }));
  const { ok, problem } = await promise;
  process.off('SIGTERM', forward);
  process.off('SIGINT', wait);
  const lines = [...(await printed), problem].filter((part) => part !== '');
  return { name, ok, seconds: (performance.now() - begin) / 1000, output: lines.join('\n') };
}

/** `✓ types      3.1 s` */
export function outcomeLine({ ok, name, seconds }: Outcome): string {
  return `${ok ? '✓' : '✗'} ${name.padEnd(12)} ${seconds.toFixed(1).padStart(6)} s`;
}
