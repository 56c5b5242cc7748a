/** Runs an entry file of the server as a child process, as a person or a client would. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const entry = (name: 'main' | 'stdio' | 'client-config'): string =>
  fileURLToPath(new URL(`../${name}.ts`, import.meta.url));

/** An environment with a data folder of its own and no model endpoint. */
export const environment = (): Record<string, string> => ({
  PATH: '/usr/bin:/bin',
  HOME: '/nonexistent',
  XDG_DATA_HOME: mkdtempSync(join(tmpdir(), 'mcp-fleet-test-')),
});

export interface Child {
  readonly process: ChildProcessWithoutNullStreams;
  stdout(): string;
  stderr(): string;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

export function run(name: Parameters<typeof entry>[0], args: readonly string[], env = environment()): Child {
  const child = spawn(process.execPath, [entry(name), ...args], { env });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return {
    process: child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended: once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string),
  };
}
