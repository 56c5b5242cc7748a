// Runs a command to its end and gives its output, or an error that says what
// was run and what it wrote last. Not for processes that stay.

import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

export interface CommandOptions {
  readonly cwd?: string;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Milliseconds until the command is killed; default 60 s. */
  readonly timeout?: number;
}

export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: number | null;
  readonly stderr: string;
  constructor(command: string, code: number | null, stderr: string) {
    super(`${command} failed (${code ?? 'killed'}): ${lastLines(stderr, 12)}`);
    this.code = code;
    this.stderr = stderr;
  }
}

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

/** Standard output of a command that ended with code 0. */
export async function command(name: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const child = spawn(name, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    timeout: options.timeout ?? 60_000,
    killSignal: 'SIGKILL',
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.on('error', () => undefined); // the command ended before it read everything; its exit code says why
  child.stdin.end(options.input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const stderr = Buffer.concat(err).toString();
  if (code !== 0) throw new CommandError([name, ...args].join(' ').slice(0, 300), code, stderr);
  return Buffer.concat(out).toString();
}

/** Absolute path of a program, or undefined. Looks in the system folders that a user's PATH may lack, too. */
export async function findProgram(name: string, path = process.env['PATH'] ?? ''): Promise<string | undefined> {
  for (const folder of [...path.split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']) {
    if (folder === '') continue;
    const file = join(folder, name);
    if (await executable(file)) return file;
  }
  return undefined;
}

async function executable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
