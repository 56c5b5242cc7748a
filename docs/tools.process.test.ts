/**
 * The toolset that the guide for authors shows is compiled, and its tests are run, as the files that its blocks name.
 * It stands in a folder of its own, beside links to the real ones.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { fencesOf, ROOT } from './markdown.testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'mcp-fleet-tools-'));
afterAll(() => rmSync(folder, { recursive: true }));

const files = fencesOf('docs/tools.md', 'ts').flatMap(({ text }) => {
  const [, path] = /^\/\/ (server\/toolsets\/\S+)\n/.exec(text) ?? [];
  return path === undefined ? [] : [{ path, text }];
});

/** Everything of `path` but `without`, as links. */
function link(path: string, without: string): void {
  mkdirSync(join(folder, path), { recursive: true });
  for (const name of readdirSync(join(ROOT, path)))
    if (name !== without) symlinkSync(join(ROOT, path, name), join(folder, path, name));
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const command = join(ROOT, 'node_modules/.bin', program);
  const ended = await promisify(execFile)(command, args, { cwd: folder }).catch((error: unknown) => error);
  const { code = 0, stdout, stderr } = ended as { code?: number; stdout: string; stderr: string };
  expect(code, `${stdout}\n${stderr}`).toBe(0);
  return stripVTControlCharacters(stdout);
}

test('the toolset of the guide compiles, and its tests pass', async () => {
  link('server', 'toolsets');
  link('server/toolsets', '');
  for (const name of ['crds', 'models', 'operator', 'node_modules', 'package.json'])
    symlinkSync(join(ROOT, name), join(folder, name));
  for (const { path, text } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const include = ['server/toolsets/library'];
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), include }));
  expect(files.length).toBe(4);
  await run('tsc', ['--noEmit', '-p', '.']);
  expect(await run('vitest', ['run', '--root', '.', 'library'])).toMatch(/Tests\s+2 passed/);
});
