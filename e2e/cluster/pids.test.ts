import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { ended, identify, isAlive, signalProcess } from './pids.ts';

test('a process is known by its pid and start time, and only until it ends', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const id = identify(child.pid ?? 0);
  if (!id) throw new Error('sleep did not start');
  expect(isAlive(id)).toBe(true);
  expect(await ended(id, 20)).toBe(false);
  expect(signalProcess(id, 'SIGKILL')).toBe(true);
  expect(await ended(id, 5000)).toBe(true);
  expect(signalProcess(id, 'SIGKILL')).toBe(false);
});

test('another process that got the same pid is not taken for the recorded one', () => {
  const self = identify(process.pid);
  if (!self) throw new Error('no /proc');
  const other = { ...self, start: '1' };
  expect(isAlive(other)).toBe(false);
  expect(signalProcess(other, 'SIGTERM')).toBe(false);
});
