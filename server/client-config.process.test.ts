/**
 * What the command prints for clients, and that the server of the entry it prints starts.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { environment, run } from './local/child.testing.ts';

const TIMEOUT = { timeout: 20_000 };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-test-'));
});

const server = (name: string, more = ''): string => `apiVersion: mcpfleet.dev/v1alpha1
kind: McpServer
metadata: {name: ${name}}
spec:
  toolsets: [{name: tasks}]
${more}`;
const SKILLS = '  skills: [{name: review, configMap: {name: review}}]\n';
const POSTGRES = '  storage: {type: Postgres, postgres: {urlSecretRef: {name: db, key: url}}}\n';

const write = async (text: string): Promise<string> => {
  const file = join(folder, 'servers.yaml');
  await writeFile(file, text);
  return file;
};

interface Entry {
  readonly command: string;
  readonly args: readonly string[];
}

async function entryOf(args: readonly string[]): Promise<Entry> {
  const child = run('client-config', ['--client', 'cursor', ...args]);
  expect([await child.ended, child.stderr()]).toEqual([0, '']);
  expect(child.stdout()).toContain('~/.cursor/mcp.json');
  const printed = JSON.parse(child.stdout().replaceAll(/^#.*$/gm, '')) as { mcpServers: Record<string, Entry> };
  const [entry] = Object.values(printed.mcpServers);
  if (entry === undefined) throw new Error('no entry');
  return entry;
}

/** The first line that the server of the entry says, started from another folder. */
async function started({ command, args }: Entry): Promise<string> {
  const child = spawn(command, args, { cwd: '/', env: environment(), stdio: ['pipe', 'ignore', 'pipe'] });
  const [first] = (await once(child.stderr, 'data')) as [Buffer];
  child.stdin.end();
  await once(child, 'close');
  return first.toString();
}

test('it is this program, with the files by their whole paths', TIMEOUT, async () => {
  const { command, args } = await entryOf(['-f', 'manifests/samples']);
  expect(command).toBe(process.execPath);
  expect(args[0]).toMatch(/\/server\/stdio\.ts$/);
  expect(args.slice(1)).toEqual(['-f', expect.stringMatching(/^\/.*\/manifests\/samples$/)]);
});

test('a server that needs all that can be given is started with it', TIMEOUT, async () => {
  const file = await write(`${server('one')}---\n${server('two', SKILLS)}`);
  const [data, skills, secrets] = [join(folder, 'x.db'), join(folder, 'skills'), join(folder, 'secrets')];
  await mkdir(join(skills, 'review'), { recursive: true });
  await writeFile(join(skills, 'review', 'SKILL.md'), '---\nname: review\ndescription: Reviews.\n---\nRead it.\n');
  await mkdir(secrets);
  const paths = ['--data', data, '--secrets', secrets, '--skills', skills];
  const given = paths.map((path) => (path.startsWith('--') ? path : relative('', path)));
  const entry = await entryOf(['-f', relative('', file), '--server', 'two', '--name', 'mine', ...given]);
  expect(entry.args.slice(1)).toEqual(['-f', file, '--name', 'two', ...paths]);
  expect(await started(entry)).toMatch(/^two .*: stdio; toolsets: tasks; .*x\.db\n/);
});

test('the URL of a database is handed on as the file that holds it', TIMEOUT, async () => {
  const file = await write(server('one', POSTGRES));
  const url = join(folder, 'url');
  await writeFile(url, 'postgres://nobody:hidden@127.0.0.1/x');
  const { args } = await entryOf(['-f', file, '--postgres-url-file', url]);
  expect(args.slice(1)).toEqual(['-f', file, '--postgres-url-file', url]);
});

describe('nothing is printed for a server that could not start:', () => {
  test.each<[string, string, readonly string[], string]>([
    ['several', `${server('one')}---\n${server('two')}`, [], 'choose one with --server (one, two)'],
    [
      'no such',
      server('one'),
      ['--server', 'six'],
      '--server six: there is no such McpServer in the files; there are one',
    ],
    ['skills', server('one', SKILLS), [], 'spec.skills: give --skills'],
    ['a database', server('one', POSTGRES), [], 'give --postgres-url-file'],
    ['a missing folder', server('one', SKILLS), ['--skills', '/nowhere'], '/nowhere: there is no such file or folder'],
    ['a missing file', server('one'), ['-f', '/nowhere'], '/nowhere: there is no such file or folder'],
    ['a wrong field', server('one', '  replcas: 1\n'), [], 'spec.replcas: there is no such field'],
    ['a URL too', server('one'), ['--url', 'http://127.0.0.1:1/mcp'], 'give --url, or -f and what else'],
  ])('%s', TIMEOUT, async (_what, text, args, sentence) => {
    const child = run('client-config', ['-f', await write(text), ...args]);
    expect(await child.ended).toBe(2);
    expect(child.stderr()).toContain(sentence);
    expect(child.stdout()).toBe('');
  });
});
