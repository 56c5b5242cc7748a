/** What the README and the guides tell a newcomer who has a cluster, or wants one, as it stands there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { commandsOf, fencesOf, PAGES, ROOT } from '../docs/markdown.testing.ts';
import { cgroupProcesses } from './cluster/cgroups.ts';
import { command } from './cluster/command.ts';
import { RunFolder } from './cluster/run-folder.ts';
import { directions } from './directions.ts';
import { until } from './until.ts';
import { openWorld, untilCondition, useWorld } from './world.ts';

const info = inject('cluster');
const commands = PAGES.filter(({ path }) => /^README\.md$|^docs\/[^/]+\.md$/.test(path)).flatMap(commandsOf);

describe('npm run up -- --once', () => {
  let runs: string;
  beforeAll(async () => {
    runs = await mkdtemp('/var/tmp/mcp-fleet-once-');
  });
  afterAll(() => rm(runs, { recursive: true }));

  test('calls two tools through the ingress of a new cluster and leaves nothing', {
    timeout: 600_000,
  }, async (context) => {
    const here = 'On an existing cluster it would install over what the other tests use.';
    context.skip(info.provider === 'existing', here);
    const child = spawn('npm', ['run', 'up', '--', '--once'], {
      cwd: ROOT,
      env: { ...process.env, MCP_FLEET_RUN_DIR: runs },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const ended = once(child, 'close');
    const run = info.provider === 'local' ? await until('a run folder', 60_000, () => newRun(runs)) : undefined;
    if (run) await until('a cluster', 300_000, async () => (await cgroupProcesses(run.cgroup)).length > 10);
    const [code] = (await ended) as [number | null];
    expect([code, printed]).toEqual([0, printed]);
    for (const line of shown()) expect(printed).toContain(line);
    if (run === undefined) return;
    expect(await newRun(runs)).toBeUndefined();
    expect(await cgroupProcesses(run.cgroup)).toEqual([]);
    expect(await command('find', ['/sys/fs/cgroup', '-maxdepth', '2', '-name', run.cgroup])).toBe('');
    expect(await readFile('/proc/self/mounts', 'utf8')).not.toContain(runs);
  });
});

async function newRun(runs: string): Promise<RunFolder | undefined> {
  const name = (await readdir(runs)).find((found) => !found.startsWith('.'));
  return name === undefined ? undefined : new RunFolder(join(runs, name));
}

/** The parts of the output in the README that are the same each time and not shortened. */
function shown(): readonly string[] {
  const [fence] = fencesOf('README.md', 'text');
  const pairs = fence?.text.match(/"(success|message|assessment|status|model|title)": [^,\n]+/g) ?? [];
  expect(pairs.length).toBeGreaterThan(5);
  return pairs.map((pair) => pair.trim());
}

describe('the first server of the guide', () => {
  const world = useWorld('guide', 'pods', 'storage');
  let url: string;

  test('becomes Ready, and kubectl shows it as the guide does', async () => {
    const [manifest] = fencesOf('docs/first-server.md', 'yaml');
    await world.kube.apply(manifest?.text ?? '');
    await untilCondition(world, 'mcpservers', 'planner', { type: 'Ready', status: 'True' }, 60_000);
    const lines = async () => (await world.kube.run(['get', 'mcpserver', 'planner'])).split('\n');
    const wide = (line = '') => line.split(/\s{2,}/).slice(0, -1);
    const [head, row] = await lines();
    const [shownHead, shownRow] = fencesOf('docs/first-server.md', 'text')[0]?.text.split('\n') ?? [];
    expect(wide(head)).toEqual(wide(shownHead));
    expect(wide(row)).toEqual(wide(shownRow?.replace('planner.default', `planner.${world.namespace}`)));
    url = `${(await world.cluster.forward({ namespace: world.namespace, service: 'planner', port: 80 })).url}/mcp`;
  });

  test.each(commands.filter(({ at, text }) => at.startsWith('docs/first-server') && text.startsWith('curl ')))(
    'answers $at',
    async ({ text }) => {
      const answer = await command('sh', ['-c', text.replaceAll('http://127.0.0.1:8080/mcp', url)]);
      expect(answer).toMatch(/TASK-\d{4}/);
    },
  );

  test('answers what npm run up tells to type', async () => {
    const text = directions(url, world.cluster);
    const [, curl = ''] = /^ {2}curl {5}(.*\\\n.*)$/m.exec(text) ?? [];
    expect(await command('sh', ['-c', curl])).toContain('"create_task"');
    const [, kubectl = ''] = /^ {2}kubectl {2}(.*\n.*)$/m.exec(text) ?? [];
    expect(await command('sh', ['-c', `${kubectl} --namespace ${world.namespace}`])).toContain('mcpserver');
  });
});

test('the API server takes every object of the guides', async () => {
  await using world = await openWorld('objects');
  for (const { path, fences } of PAGES)
    for (const { text, language, line } of fences) {
      if (language !== 'yaml' || !text.includes('apiVersion: mcpfleet.dev/')) continue;
      const printed = await world.kube.run(['apply', '--dry-run=server', '-f', '-'], { input: text });
      expect([path, line, printed]).toEqual([path, line, expect.stringContaining('created (server dry run)')]);
    }
});

test.each(commands.filter(({ text }) => /^helm (install|upgrade) /.test(text)))(
  'helm takes the values of $at',
  async ({ text }) => {
    const rendering = text
      .replace(/^helm \w+/, `'${info.binaries.helm}' template`)
      .replace(/ --create-namespace\b/, '');
    expect(await command('sh', ['-c', rendering], { cwd: ROOT })).toContain('apiVersion: ');
  },
);
