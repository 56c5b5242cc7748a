import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identify } from './pids.ts';
import { ready } from './processes.ts';
import { createRunFolder, type RunFolder } from './run-folder.ts';

let runs = '';
let run: RunFolder;
beforeEach(async () => {
  runs = await mkdtemp(join(tmpdir(), 'runs-'));
  run = await createRunFolder(runs, { tier: 'api', created: '2026-01-01T00:00:00Z' }, 'a');
  await writeFile(run.log('etcd'), 'starting\nno space left on device\n');
});
afterEach(() => rm(runs, { recursive: true }));

const record = { name: 'etcd', command: 'etcd', args: [], env: {} };

test('waiting ends as soon as the answer is yes', async () => {
  let asked = 0;
  await ready(run, 'etcd', () => Promise.resolve(++asked === 3), 10);
  expect(asked).toBe(3);
});

test('a process that ended is not waited for, and its last words are in the error', async () => {
  await run.writeProcess({ ...record, pid: process.pid, start: '1' });
  const waiting = ready(run, 'etcd', () => Promise.resolve(false), 60);
  await expect(waiting).rejects.toThrow(
    /^etcd ended\. Its log \(.*etcd\.log\) ends with:\nstarting\nno space left on device$/,
  );
});

test('a process that runs but is never ready is given up at the deadline', async () => {
  await run.writeProcess({ ...record, ...(identify(process.pid) ?? { pid: 0, start: '' }) });
  await expect(ready(run, 'etcd', () => Promise.resolve(false), 0.1)).rejects.toThrow('etcd was not ready after 0.1 s');
});
