// A lock between processes, held by the kernel (flock) through a child that
// lives exactly as long as its standard input: whoever dies, however it dies,
// lets go. Knows nothing of what is locked.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface Lock {
  release(): Promise<void>;
}

/** Waits for the lock on a file (made when missing); `waiting` is called once when somebody else holds it. */
export async function lock(file: string, waiting?: () => void): Promise<Lock> {
  await mkdir(dirname(file), { recursive: true });
  const child = spawn('flock', [file, 'sh', '-c', 'echo held; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true, // an interrupt from the terminal is for us; the pipe tells the child when we are gone
  });
  const exited = once(child, 'exit');
  const slow = setTimeout(() => waiting?.(), 300);
  try {
    const held = once(child.stdout, 'data').then(() => true);
    if (!(await Promise.race([held, exited.then(() => false)]))) {
      throw new Error(`Cannot lock ${file}: flock ended with code ${child.exitCode}.`);
    }
  } finally {
    clearTimeout(slow);
  }
  return {
    async release() {
      child.stdin.end();
      await exited;
    },
  };
}

/** Runs `work` while holding the lock. */
export async function withLock<T>(file: string, work: () => Promise<T>, waiting?: () => void): Promise<T> {
  const held = await lock(file, waiting);
  try {
    return await work();
  } finally {
    await held.release();
  }
}
