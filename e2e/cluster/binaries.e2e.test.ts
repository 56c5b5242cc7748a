import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildPrograms } from './binaries.ts';
import { command } from './command.ts';
import type { ProgressEvent } from './provider.ts';

let cache = '';
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'programs-'));
});
afterEach(() => rm(cache, { recursive: true }));

test('a program is built once, also when two ask at the same time, and then found', async () => {
  const events: ProgressEvent[] = [];
  const build = () => buildPrograms(['pause'], cache, (event) => events.push(event));
  const [first, second] = await Promise.all([build(), build()]);
  expect(first.pause).toEqual(second.pause);
  expect(await command('go', ['version', '-m', first.pause.path])).toContain('path\tmcpfleet.dev/e2e/pause');
  const third = await build();
  expect(third.pause).toEqual(first.pause);
  expect(events.at(-1)).toEqual({ step: 'Build pause', state: 'cached' });
  const folders = (await readdir(join(cache, 'bin'), { withFileTypes: true })).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name)).toEqual([first.pause.folder.slice(join(cache, 'bin').length + 1)]);
});
