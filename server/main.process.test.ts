/**
 * The server as a process: how it starts, what it says, how it ends, and what it tells those who start it wrongly.
 */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { environment, run } from './local/child.testing.ts';
import { connectV1 } from './protocol/clients.testing.ts';

const folder = (): Promise<string> => mkdtemp(join(tmpdir(), 'mcp-fleet-test-'));

const SERVER = `apiVersion: mcpfleet.dev/v1alpha1
kind: McpServer
metadata: {name: assistant}
spec:
  toolsets: [{name: tasks}]
`;

test('from YAML without a cluster it says where it is and what it uses, and keeps what it was told', {
  timeout: 60_000,
}, async () => {
  const file = join(await folder(), 'server.yaml');
  await writeFile(file, SERVER);
  const env = environment();
  const started = async () => {
    const child = run('main', ['-f', file, '--port', '0'], env);
    await expect.poll(() => child.stderr(), { timeout: 20_000 }).toContain('health:');
    const [, url = ''] = /^assistant \d+\.\d+\.\d+: (http:\/\/127\.0\.0\.1:\d+\/mcp)$/m.exec(child.stderr()) ?? [];
    return { child, url };
  };
  const first = await started();
  expect(first.child.stderr()).toContain(`data:     ${env['XDG_DATA_HOME']}/mcp-fleet/assistant.db`);
  expect(first.child.stderr()).toContain('models:   none: set LITELLM_PROXY_URL');
  const client = await connectV1(first.url);
  await client.callTool({ name: 'create_task', arguments: { title: 'Stay' } });
  await client.close();
  first.child.process.kill('SIGTERM');
  expect(await first.child.ended).toBe(0);

  const second = await started();
  const again = await connectV1(second.url);
  const listed = await again.callTool({ name: 'list_tasks', arguments: {} });
  expect(listed.structuredContent).toMatchObject({ count: 1, tasks: [{ title: 'Stay' }] });
  await again.close();
  second.child.process.kill('SIGINT');
  expect(await second.child.ended).toBe(0);
});

test('from a rendered configuration it logs JSON lines, and a second signal ends it at once', {
  timeout: 30_000,
}, async () => {
  const dir = await folder();
  const config = join(dir, 'server.yaml');
  const text = stringify({
    name: 'pod',
    mcp: { host: '127.0.0.1', port: 0 },
    health: { host: '127.0.0.1', port: 0 },
    toolsets: [{ name: 'tasks' }],
    storage: { type: 'Embedded', path: join(dir, 'store.db') },
    drainMs: 60_000,
  });
  await writeFile(config, text);
  const child = run('main', ['--config', config]);
  await expect.poll(() => child.stdout(), { timeout: 20_000 }).toContain('"message":"serving"');
  child.process.kill('SIGTERM');
  await expect.poll(() => child.stdout(), { timeout: 20_000 }).toContain('"message":"stopping"');
  child.process.kill('SIGTERM');
  expect(await child.ended).toBe(143);
  for (const line of child.stdout().trim().split('\n'))
    expect(JSON.parse(line)).toMatchObject({ level: expect.any(String) as string, time: expect.any(String) as string });
});

describe('a wrong start ends with 2 and a sentence', () => {
  test.each([
    [[], 'give -f with files to serve from, or --config in a pod. See --help.'],
    [['--frob'], "Unknown option '--frob'"],
    [['-f', 'x', '--port', 'many'], '--port many: give a number from 0 to 65535'],
    [['-f', '/nowhere/at/all'], '/nowhere/at/all: there is no such file or folder'],
    [['--config', '/nowhere/at/all'], '/nowhere/at/all: cannot be read (ENOENT)'],
  ])('%j', { timeout: 20_000 }, async (args, sentence) => {
    const child = run('main', args);
    expect(await child.ended).toBe(2);
    expect(child.stderr()).toContain(sentence);
    expect(child.stderr()).not.toContain('    at ');
    expect(child.stdout()).toBe('');
  });
});

test.each(['main', 'stdio', 'client-config'] as const)(
  '%s --help explains itself',
  { timeout: 20_000 },
  async (name) => {
    const child = run(name, ['--help']);
    expect(await child.ended).toBe(0);
    expect(child.stdout()).toContain('--help');
  },
);
