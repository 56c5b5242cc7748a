import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { endDeadRuns, endRun } from './cleanup.ts';
import { ended, identify, isAlive, type ProcessId } from './pids.ts';
import { createRunFolder, runFolders } from './run-folder.ts';

let runs = '';
const started: ProcessId[] = [];
beforeEach(async () => {
  runs = await mkdtemp(join(tmpdir(), 'runs-'));
});
afterEach(async () => {
  for (const { pid } of started.splice(0).filter(isAlive)) process.kill(pid, 'SIGKILL');
  await rm(runs, { recursive: true });
});

function sleeper(): ProcessId {
  const id = identify(spawn('sleep', ['60'], { stdio: 'ignore' }).pid ?? 0);
  if (!id) throw new Error('sleep did not start');
  started.push(id);
  return id;
}

const record = { tier: 'api', created: '2026-01-01T00:00:00Z' } as const;
const process_ = { command: 'sleep', args: [], env: {} };

test('a run is ended with the processes it recorded, and a process that only has the pid of one is spared', async () => {
  const run = await createRunFolder(runs, record, 'a');
  const [ours, other] = [sleeper(), sleeper()];
  await run.writeProcess({ ...process_, ...ours, name: 'ours' });
  await run.writeProcess({ ...process_, ...other, start: '1', name: 'other' });
  expect(await endRun(run)).toEqual({ id: run.id, processes: ['ours'], others: 0, mounts: 0 });
  expect(isAlive(ours)).toBe(false);
  expect(isAlive(other)).toBe(true);
  expect(await readdir(runs)).toEqual([]);
});

test('only runs whose owner is dead are taken for dead', async () => {
  const [living, dead] = [sleeper(), sleeper()];
  process.kill(dead.pid, 'SIGKILL');
  await ended(dead, 5000);
  const kept = await createRunFolder(runs, record, 'kept');
  const used = await createRunFolder(runs, { ...record, owner: living }, 'used');
  const left = await createRunFolder(runs, { ...record, owner: dead }, 'left');
  expect((await endDeadRuns(runs)).map(({ id }) => id)).toEqual([left.id]);
  expect((await runFolders(runs)).map(({ id }) => id).sort()).toEqual([kept.id, used.id].sort());
});

test("somebody else's folder is not taken for a run", async () => {
  await mkdir(join(runs, 'documents'));
  await writeFile(join(runs, 'documents', 'run.json'), '{"id":"marathon"}');
  expect(await runFolders(runs)).toEqual([]);
  expect(await endDeadRuns(runs)).toEqual([]);
  expect(await readdir(join(runs, 'documents'))).toEqual(['run.json']);
});
