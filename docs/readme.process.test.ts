/**
 * The commands of the README and the guides are run as they stand there, those that need no cluster here and the others
 * by e2e/readme.e2e.test.ts. A command that neither of them knows is refused.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandsOf, fencesOf, PAGES, ROOT } from './markdown.testing.ts';

/** Pages whose commands count. Examples elsewhere are templates or generated. */
const commands = PAGES.filter(({ path }) => /^(README|CONTRIBUTING)\.md$|^docs\/[^/]+\.md$/.test(path)).flatMap(
  commandsOf,
);
const like = (pattern: RegExp) => commands.filter(({ text }) => pattern.test(text));

const SERVE = /^npm run serve -- -f manifests\/samples\/$/;
const CURL = /^curl -s http:\/\/127\.0\.0\.1:8080\/mcp /;
const CLIENT_CONFIG = /^npm run --silent client-config\b/;
const STDIO = /\| npm run --silent stdio -- /;
const UNIT = /^npm run test:unit -- /;
/** By e2e/readme.e2e.test.ts, or with a cluster that somebody has. */
const CLUSTER = /^(npm ci && npm (run up|test)$|helm |kubectl |curl -s https:\/\/assistant\.example\.com\/)/;

const folder = mkdtempSync(join(tmpdir(), 'mcp-fleet-readme-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const environment = {
  HOME: folder,
  XDG_DATA_HOME: folder,
  PATH: [join(ROOT, 'node_modules/.bin'), process.env['PATH']].join(delimiter),
  npm_config_update_notifier: 'false',
};

interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  readonly stderr: () => string;
  /** Resolves when the text has come on stderr; rejects when the command ended before. */
  readonly said: (text: string) => Promise<void>;
}

/** In a shell and a process group of its own, as a person would type it. */
function run(command: string): Running {
  const child = spawn('sh', ['-c', command], { cwd: ROOT, env: environment, detached: true });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end();
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  const said = (text: string) =>
    new Promise<void>((resolve, reject) => {
      child.stderr.on('data', () => stderr.includes(text) && resolve());
      child.once('close', () => reject(new Error(`${command} ended with ${stderr}`)));
    });
  return { process: child, ended, stderr: () => stderr, said };
}

async function output(command: string): Promise<string> {
  const { code, stdout, stderr } = await run(command).ended;
  expect(code, `${command}\n${stderr}`).toBe(0);
  return stdout;
}

test('every command is one that is run, here or on a cluster', () => {
  const known = [SERVE, CURL, CLIENT_CONFIG, STDIO, UNIT, CLUSTER];
  expect(commands.filter(({ text }) => !known.some((pattern) => pattern.test(text)))).toEqual([]);
  expect(known.filter((pattern) => like(pattern).length === 0)).toEqual([]);
});

test('files that commands name are there', () => {
  const paths = commands.flatMap(({ text }) => text.match(/\b(manifests|charts|images|server|docs)\/[\w./-]*/g) ?? []);
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

describe('the server without a cluster', () => {
  let serve: Running;
  let url = '';
  beforeAll(async () => {
    serve = run(`${like(SERVE)[0]?.text} --port 0`);
    await serve.said('/readyz');
    url = /http:\S+\/mcp/.exec(serve.stderr())?.[0] ?? '';
  }, 40_000);
  afterAll(async () => {
    process.kill(-(serve.process.pid ?? 0), 'SIGTERM');
    await serve.ended;
  });
  const here = (text: string): string => text.replaceAll('http://127.0.0.1:8080/mcp', url);

  test('says where it is, and that the sample model is not here', () => {
    expect(serve.stderr()).toMatch(/assistant \S+: http:\/\/127\.0\.0\.1:\d+\/mcp\n/);
    expect(serve.stderr()).toContain('models:   tiny (runs in a cluster only)');
  });

  test.each(like(CURL))('$at answers', async ({ text }) => {
    const answer = await output(here(text));
    const { result } = JSON.parse(answer.replace(/^event: message\s+data: /, '')) as { result?: { isError?: boolean } };
    expect(result).toBeDefined();
    expect(result).not.toMatchObject({ isError: true });
    expect(answer).toMatch(/TASK-\d{4}/);
  });

  test('a tool that wants a model answers without one', async () => {
    const [curl] = like(CURL);
    const asked = curl?.text.replace(/"name":"create_task","arguments":\{[^}]*\}/, '"name":"analyze_workload"') ?? '';
    expect(await output(here(asked))).toContain('"status":"degraded"');
  });

  test.each(fencesOf('docs/first-server.md', 'ts'))('the program in line $line of $path runs', async ({ text }) => {
    const quoted = here(text).replaceAll("'", `'\\''`);
    expect(await output(`node --input-type=module-typescript -e '${quoted}'`)).toContain('structuredContent');
  });
});

test.each(like(STDIO))('$at makes the server answer over stdio', async ({ text }) => {
  expect(JSON.parse(await output(text))).toMatchObject({ id: 1, result: { serverInfo: { name: 'assistant' } } });
});

test.each(like(CLIENT_CONFIG))('$at prints JSON for clients', async ({ text }) => {
  const printed = await output(text);
  const blocks = printed.match(/^\{\n[^]*?^\}$/gm) ?? [];
  expect(blocks.length).toBe(printed.match(/^# (Claude|Cursor|VS Code)/gm)?.length);
  for (const block of blocks) {
    const { mcpServers, servers } = JSON.parse(block) as Record<string, Record<string, Entry> | undefined>;
    const [entry] = Object.values(mcpServers ?? servers ?? {});
    const starts = entry?.command !== undefined && existsSync(entry.command) && existsSync(entry.args?.[0] ?? '');
    expect([block, starts || entry?.url?.endsWith('/mcp')]).toEqual([block, true]);
  }
});

interface Entry {
  readonly command?: string;
  readonly args?: readonly string[];
  readonly url?: string;
}

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };

test('every script that the pages name exists', () => {
  const told = PAGES.flatMap(({ path, prose }) => [...prose.matchAll(/`npm run ([\w:-]+)/g)].map((m) => [path, m[1]]));
  const typed = commands.flatMap(({ at, text }) =>
    [...text.matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map((m) => [at, m[1]]),
  );
  expect([...told, ...typed].filter(([, name = '']) => !(name in scripts))).toEqual([]);
});

const ours = [...Object.values(scripts).filter((script) => /^node \S+$/.test(script)), 'node scripts/lockfile.ts'];

test('each of our programs explains itself', { timeout: 60_000 }, async () => {
  expect(ours.length).toBeGreaterThan(9);
  const texts = await Promise.all(ours.map((script) => output(`${script} --help`)));
  expect(texts.filter((text) => text.split('\n').length < 3)).toEqual([]);
});

test.each(ours)('%s refuses an option that it does not know, in a sentence', { timeout: 20_000 }, async (script) => {
  const { code, stdout, stderr } = await run(`${script} --bogus`).ended;
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^.*--bogus.* See --help\.\n$/);
});

test('npm run bench lists the benchmarks', { timeout: 20_000 }, async () => {
  expect(await output(scripts['bench'] ?? '')).toMatch(/^operator – .*\n[^]*^start – /m);
});
