import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { testDispatchOptions, testRequest } from '../../protocol/dispatch.testing.ts';
import { createDispatch } from '../../protocol/dispatch.ts';
import type { ModernRequest } from '../../protocol/modern/request.ts';
import { createResults, textOf } from '../../protocol/modern/results.ts';
import { compileTable } from '../../protocol/table.ts';
import { createLog } from '../../telemetry/log.ts';
import type { OfferedSkill } from '../../toolsets/toolset.ts';
import { skillsExtension } from './extension.ts';
import { createSkillLibrary, FRESH_MS } from './library.ts';
import { readSkill } from './skill.ts';

let root: string;

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-skills-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  root = join(folder, 'skills');
  await mkdir(root);
});

async function put(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}

const manifest = (name: string, more = ''): string =>
  `---\nname: ${name}\ndescription: About ${name}.\n${more}---\n\n# ${name}\n`;

type Result = Readonly<Record<string, unknown>>;

/** A server with the skills of the folder. */
function serve(offered: readonly OfferedSkill[] = []) {
  let at = 0;
  const problems: unknown[] = [];
  const write = (line: string): void => void problems.push((JSON.parse(line) as Result)['problem']);
  const log = createLog({ level: 'warn', destination: { write } });
  const library = createSkillLibrary({ directory: root, offered, log, monotonic: () => at });
  const dispatch = createDispatch({ ...testDispatchOptions(), table: compileTable([], [library.source]) });
  const methods = skillsExtension(dispatch, library).methods(createResults({ name: 'test', version: '1' }));
  const ask = async (method: string, params: Result = {}): Promise<Result> =>
    JSON.parse(textOf((await methods.get(method)?.answer(params, testRequest() as ModernRequest)) ?? '')) as Result;
  return {
    problems,
    list: async () => (await ask('skills/list'))['skills'] as Result[],
    ask,
    uris: async () => ((await ask('skills/list'))['skills'] as Result[]).map(({ uri }) => uri),
    listed: async () => (await dispatch.listResources(undefined, testRequest())).items,
    read: (uri: string) => dispatch.readResource(uri, testRequest()),
    later: () => void (at += FRESH_MS),
  };
}

test('a skill is listed with its front matter as it stands, and with the hash and size of each file', async () => {
  await put('pdf/SKILL.md', manifest('pdf', 'metadata:\n  version: "2"\nallowed-tools: [Read]\n'));
  await put('pdf/scripts/extract.py', 'print()');
  const { ask, listed } = serve();
  const text = manifest('pdf', 'metadata:\n  version: "2"\nallowed-tools: [Read]\n');
  const digest = (value: string): string => `sha256:${createHash('sha256').update(value).digest('hex')}`;
  const skill = {
    uri: 'skill://pdf/SKILL.md',
    frontmatter: { name: 'pdf', description: 'About pdf.', metadata: { version: '2' }, 'allowed-tools': ['Read'] },
    resources: [
      { uri: 'skill://pdf/SKILL.md', digest: digest(text), size: text.length },
      { uri: 'skill://pdf/scripts/extract.py', digest: digest('print()'), size: 7 },
    ],
  };
  expect(await ask('skills/list')).toMatchObject({
    resultType: 'complete',
    skills: [skill],
    ttlMs: FRESH_MS,
    cacheScope: 'public',
  });
  expect(await ask('skills/get', { uri: 'skill://pdf/SKILL.md' })).toMatchObject({ skill });
  expect(await listed()).toEqual([
    { uri: 'skill://pdf/SKILL.md', name: 'pdf', description: 'About pdf.', mimeType: 'text/markdown' },
  ]);
});

test('files are read as resources: text as it is, bytes as Base64', async () => {
  await put('pdf/SKILL.md', `\uFEFF${manifest('pdf')}`);
  await put('pdf/a b#.bin', Buffer.from([0xff, 0x00, 0x80]));
  const { read } = serve();
  expect(await read('skill://pdf/SKILL.md')).toMatchObject({
    contents: [{ uri: 'skill://pdf/SKILL.md', mimeType: 'text/markdown', text: `\uFEFF${manifest('pdf')}` }],
  });
  expect(await read('skill://pdf/a%20b%23.bin')).toMatchObject({
    contents: [{ mimeType: 'application/octet-stream', blob: '/wCA' }],
  });
});

test.each([
  'skill://pdf/../secret.txt',
  'skill://pdf/%2e%2e/secret.txt',
  'skill://pdf/..%2fsecret.txt',
  'skill:///etc/passwd',
  'skill://pdf/',
  'skill://pdf',
  'skill://pdf/.hidden/key',
  'skill://pdf/out.md',
  'skill://pdf/outside/secret.txt',
  'skill://other/note.md',
])('%s is not read', async (uri) => {
  await put('pdf/SKILL.md', manifest('pdf'));
  await put('pdf/.hidden/key', 'secret');
  await put('../secret.txt', 'secret');
  await put('../elsewhere/secret.txt', 'secret');
  await put('other/note.md', 'of no skill');
  await symlink('../../secret.txt', join(root, 'pdf/out.md'));
  await symlink('../../elsewhere', join(root, 'pdf/outside'));
  const { read, ask, list } = serve();
  await expect(read(uri)).rejects.toMatchObject({ code: -32_602 });
  await expect(ask('skills/get', { uri })).rejects.toMatchObject({ code: -32_602 });
  expect((await list()).map(({ resources }) => resources)).toMatchObject([[{ uri: 'skill://pdf/SKILL.md' }]]);
});

test('a link that is put in the place of a file after it was found is not followed', async () => {
  await put('pdf/SKILL.md', manifest('pdf'));
  await put('pdf/note.md', 'fine');
  await put('../secret.txt', 'secret');
  const { read } = serve();
  expect(await read('skill://pdf/note.md')).toMatchObject({ contents: [{ text: 'fine' }] });
  await rm(join(root, 'pdf/note.md'));
  await symlink('../../secret.txt', join(root, 'pdf/note.md'));
  await expect(read('skill://pdf/note.md')).rejects.toMatchObject({ code: -32_602 });
});

test('the mount of a ConfigMap is read through its links, and a change of it is seen', async () => {
  await put('notes/..2026_11/SKILL.md', manifest('notes'));
  await symlink('..2026_11', join(root, 'notes/..data'));
  await symlink('..data/SKILL.md', join(root, 'notes/SKILL.md'));
  const { list, read, later } = serve();
  const [before] = await list();
  expect(before?.['resources']).toHaveLength(1);
  await put('notes/..2026_12/SKILL.md', manifest('notes', 'license: MIT\n'));
  await symlink('..2026_12', join(root, 'notes/..next'));
  await rename(join(root, 'notes/..next'), join(root, 'notes/..data'));
  later();
  expect(await list()).toMatchObject([{ frontmatter: { license: 'MIT' } }]);
  expect(await read('skill://notes/SKILL.md')).toMatchObject({
    contents: [{ text: manifest('notes', 'license: MIT\n') }],
  });
});

test('skills come and go while the server runs', async () => {
  const { uris, later } = serve();
  expect(await uris()).toEqual([]);
  await put('acme/billing/refunds/SKILL.md', manifest('refunds'));
  expect(await uris()).toEqual([]);
  later();
  expect(await uris()).toEqual(['skill://acme/billing/refunds/SKILL.md']);
  await rm(join(root, 'acme'), { recursive: true });
  later();
  expect(await uris()).toEqual([]);
});

test('what is no skill is left out, said once, and hides nothing else', async () => {
  await put('good/SKILL.md', manifest('good'));
  await put('wrong-name/SKILL.md', manifest('other'));
  await put('Upper/SKILL.md', manifest('Upper'));
  await put('bare/SKILL.md', '# No front matter\n');
  await put('silent/SKILL.md', '---\nname: silent\n---\n');
  await put(
    'bomb/SKILL.md',
    `---\nname: bomb\ndescription: x\na: &a [x, x]\nb: &b [${'*a,'.repeat(20)}]\nc: [${'*b,'.repeat(20)}]\n---\n`,
  );
  const { uris, problems, later } = serve();
  expect(await uris()).toEqual(['skill://good/SKILL.md']);
  expect(problems).toHaveLength(5);
  later();
  await uris();
  expect(problems).toHaveLength(5);
});

test('a skill with more than a host must take is not served', async () => {
  const read = () => Promise.resolve(Buffer.from(manifest('big')));
  const file = (path: string, size: number) => ({ path, size, digest: '', read });
  const files = Array.from({ length: 512 }, (_, i) => file(`big/${i}`, 1));
  await expect(readSkill('big', [file('big/SKILL.md', 1), ...files])).rejects.toThrow('512 files');
  await expect(readSkill('big', [file('big/SKILL.md', 1), file('big/x', 16 * 1024 * 1024)])).rejects.toThrow('bytes');
  await expect(readSkill('big', [file('big/SKILL.md', 1), ...files.slice(1)])).resolves.toMatchObject({
    uri: 'skill://big/SKILL.md',
  });
});

test('a folder is listed one level deep; what is no folder of a skill is refused', async () => {
  await put('pdf/SKILL.md', manifest('pdf'));
  await put('pdf/templates/eu/invoice.md', 'x');
  await put('pdf/templates/order.md', 'x');
  await mkdir(join(root, 'pdf/empty'));
  await put('loose/note.md', 'x');
  const { ask } = serve();
  const folder = async (uri: string) => (await ask('resources/directory/read', { uri }))['resources'];
  expect(await folder('skill://pdf')).toEqual([
    { uri: 'skill://pdf/SKILL.md', name: 'SKILL.md', mimeType: 'text/markdown' },
    { uri: 'skill://pdf/empty', name: 'empty', mimeType: 'inode/directory' },
    { uri: 'skill://pdf/templates', name: 'templates', mimeType: 'inode/directory' },
  ]);
  expect(await folder('skill://pdf/templates')).toEqual([
    { uri: 'skill://pdf/templates/eu', name: 'eu', mimeType: 'inode/directory' },
    { uri: 'skill://pdf/templates/order.md', name: 'order.md', mimeType: 'text/markdown' },
  ]);
  expect(await folder('skill://pdf/empty')).toEqual([]);
  for (const uri of ['skill://pdf/SKILL.md', 'skill://pdf/none', 'skill://loose', 'skill://', 'skill://pdf/'])
    await expect(ask('resources/directory/read', { uri })).rejects.toMatchObject({ code: -32_602 });
});

test('a skill within a skill is a skill of its own and a part of the other', async () => {
  await put('outer/SKILL.md', manifest('outer'));
  await put('outer/inner/SKILL.md', manifest('inner'));
  const { list } = serve();
  const skills = await list();
  expect(skills.map(({ uri, resources }) => [uri, (resources as unknown[]).length])).toEqual([
    ['skill://outer/SKILL.md', 2],
    ['skill://outer/inner/SKILL.md', 1],
  ]);
});

test('a toolset brings skills without any folder', async () => {
  const { uris, read } = serve([
    { path: 'from-toolset', files: { 'SKILL.md': manifest('from-toolset'), 'a/b.md': 'x' } },
  ]);
  expect(await uris()).toEqual(['skill://from-toolset/SKILL.md']);
  expect(await read('skill://from-toolset/a/b.md')).toMatchObject({ contents: [{ text: 'x' }] });
});

test('a folder that cannot be read is an error, and is tried again', async () => {
  const { ask } = serve();
  await rename(root, `${root}.away`);
  await expect(ask('skills/list')).rejects.toMatchObject({ code: -32_603 });
  await rename(`${root}.away`, root);
  expect(await ask('skills/list')).toMatchObject({ skills: [] });
});
