import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { engine, errorReply } from '#models/testing/openai-engine.ts';
import { CUT, type Script, type Scripted, startScripted } from '#models/testing/scripted.ts';
import { type ServerConfigInput, serverConfig } from '../config.ts';
import { createRegistry } from '../telemetry/registry.ts';
import { mountedCredentials } from './credentials.ts';
import { question, recordedLog } from './fleet.testing.ts';
import { createInferenceMetrics } from './metrics.ts';
import { type InferenceDeps, type OpenInference, openInference } from './open.ts';

const { log, lines } = recordedLog();
const closers: (() => Promise<void>)[] = [];
let folder: string;

beforeEach(async () => {
  lines.length = 0;
  folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function serve(script: Script): Promise<Scripted> {
  const server = await startScripted(script);
  closers.push(() => server.close());
  return server;
}

const configOf = (backends: ServerConfigInput['backends'], routes: ServerConfigInput['routes'] = []) =>
  serverConfig.parse({
    name: 'test',
    toolsets: [{ name: 'tasks' }],
    storage: { type: 'Embedded', path: ':memory:' },
    backends,
    routes,
  });

async function open(
  backends: ServerConfigInput['backends'],
  deps: Partial<InferenceDeps> = {},
): Promise<OpenInference> {
  const inference = await openInference(configOf(backends), { log, ...deps });
  closers.push(() => inference.close());
  return inference;
}

const external = (name: string, url: string, spec: object = {}, annotations: object = {}) => ({
  apiVersion: 'mcpfleet.dev/v1alpha1',
  kind: 'ModelBackend',
  metadata: { name, annotations },
  spec: {
    type: 'External',
    models: [{ name: 'm' }],
    external: { url, allowInsecure: true },
    health: { interval: '200ms', timeout: '200ms', failureThreshold: 1 },
    ...spec,
  },
});

const write = (name: string, ...objects: readonly object[]): Promise<void> =>
  writeFile(join(folder, name), objects.map((object) => stringify(object)).join('---\n'));

const fromFolder = (): ServerConfigInput['backends'] => ({ source: 'Files', paths: [folder] });

test('without backends a question is answered with the reason at once', async () => {
  const inference = await open({ source: 'None' });
  expect(inference.ready()).toBe(true);
  await expect(inference.chat(question)).rejects.toMatchObject({ reason: 'NoBackend' });
});

describe('backends from files', () => {
  test('are probed, and the first question waits for that rather than fail', async () => {
    const server = await serve(engine(['m'], 'hello'));
    await write('backend.yaml', external('local', server.url));
    const inference = await open(fromFolder());
    expect(await inference.chat(question)).toMatchObject({ text: 'hello', backend: 'local', model: 'm' });
    expect(inference.backends()).toEqual([{ name: 'local', ready: true, reason: 'Serving', models: ['m'] }]);
  });

  test('that go away are not ready, and are used again when they are back', async () => {
    const server = await serve(engine(['m']));
    await write('backend.yaml', external('local', server.url));
    const inference = await open(fromFolder());
    await inference.chat(question);
    server.answer(() => CUT);
    await expect.poll(() => inference.backends()[0]).toMatchObject({ ready: false, reason: 'ConnectionRefused' });
    await expect(inference.chat(question)).rejects.toMatchObject({ reason: 'NoBackend' });
    server.answer(engine(['m'], 'back'));
    await expect.poll(() => inference.backends()[0]?.ready, { timeout: 5_000 }).toBe(true);
    expect((await inference.chat(question)).text).toBe('back');
  });

  test('are read again when a file changes; a file that cannot be used changes nothing', async () => {
    const [one, two] = [await serve(engine(['m'], 'one')), await serve(engine(['m'], 'two'))];
    await write('backend.yaml', external('local', one.url));
    const inference = await open(fromFolder());
    expect((await inference.chat(question)).text).toBe('one');
    await write('backend.yaml', external('local', two.url));
    await expect.poll(() => two.requests.length, { timeout: 5_000 }).toBeGreaterThan(1);
    await expect.poll(() => inference.backends()[0]?.ready).toBe(true);
    expect((await inference.chat(question)).text).toBe('two');
    await write('backend.yaml', external('local', 'ftp://nowhere'));
    await expect.poll(() => lines.filter(({ level }) => level === 50), { timeout: 5_000 }).not.toHaveLength(0);
    expect((await inference.chat(question)).text).toBe('two');
  });

  test('take variables in values and a credential by annotation or by name', async () => {
    const server = await serve(engine(['m']));
    const auth = { type: 'Bearer', secretRef: { name: 'key', key: 'token' } };
    const note = { 'mcpfleet.dev/local-credential': '${API_KEY}' };
    await write('backends.yaml', external('a', server.url, { auth }, note), external('b', server.url, { auth }));
    const environment = { API_KEY: 'from-variable' };
    const inference = await open(fromFolder(), { environment, credentials: new Map([['b', 'by-name']]) });
    await expect.poll(() => inference.backends().map(({ ready }) => ready)).toEqual([true, true]);
    const sent = new Set(server.requests.map(({ headers }) => headers['authorization']));
    expect(sent).toEqual(new Set(['Bearer by-name', 'Bearer from-variable']));
    await expect(open(fromFolder())).rejects.toThrow('the environment variable API_KEY is not set');
  });

  test('without the credential that they ask for are unauthorized, which is said', async () => {
    const server = await serve(engine(['m']));
    const auth = { type: 'Bearer', secretRef: { name: 'key', key: 'token' } };
    await write('backend.yaml', external('a', server.url, { auth }));
    const inference = await open(fromFolder());
    await expect.poll(() => inference.backends()[0]?.reason).toBe('Unauthorized');
    expect(server.requests).toHaveLength(0);
  });

  test('of type Managed need a local URL, which must be one', async () => {
    const server = await serve(engine(['m'], 'local'));
    const managed = {
      type: 'Managed',
      external: undefined,
      managed: { engine: 'Custom', image: 'engine', port: 8000 },
    };
    await write('backend.yaml', external('engine', '', managed));
    const inference = await open(fromFolder());
    expect(inference.backends()).toMatchObject([{ ready: false, reason: 'UnsupportedCombination' }]);
    expect(lines.map(({ message }) => message).join()).toContain('mcpfleet.dev/local-url');
    await write('backend.yaml', external('engine', '', managed, { 'mcpfleet.dev/local-url': server.url }));
    expect((await (await open(fromFolder())).chat(question)).text).toBe('local');
    await write('backend.yaml', external('engine', '', managed, { 'mcpfleet.dev/local-url': 'http://10.0.0.1' }));
    await expect(open(fromFolder())).rejects.toThrow('not a URL of this machine');
  });
});

test('a mounted credential is read anew when the Secret changes, and only from its own folder', async () => {
  const read = mountedCredentials(folder);
  expect(await read('chat')).toBeUndefined();
  // As the kubelet does it: a folder of data behind a symbolic link that is swapped.
  await mkdir(join(folder, 'chat', '..1'), { recursive: true });
  await mkdir(join(folder, 'chat', '..2'));
  await writeFile(join(folder, 'chat', '..1', 'token'), 'one\n');
  await writeFile(join(folder, 'chat', '..2', 'token'), 'two\n');
  await symlink('..1', join(folder, 'chat', '..data'));
  await symlink('..data/token', join(folder, 'chat', 'token'));
  expect(await read('chat')).toBe('one');
  await symlink('..2', join(folder, 'chat', '..tmp'));
  await rename(join(folder, 'chat', '..tmp'), join(folder, 'chat', '..data'));
  expect(await read('chat')).toBe('two');
  expect(await read('../chat')).toBeUndefined();
  await rm(join(folder, 'chat'), { recursive: true });
  expect(await read('chat')).toBeUndefined();
});

test('figures stand under the names of the GenAI conventions', async () => {
  const server = await serve(engine(['m']));
  await write('backend.yaml', external('local', server.url));
  const registry = createRegistry();
  const inference = await open(fromFolder(), { metrics: createInferenceMetrics(registry) });
  await inference.chat(question);
  server.answer(() => errorReply(503, {}));
  await inference.chat(question).catch(() => undefined);
  const text = registry.text();
  expect(text).toContain('mcp_backend_requests_total{backend="local",model="m",outcome="ok"} 1');
  expect(text).toContain('mcp_backend_requests_total{backend="local",model="m",outcome="Unavailable"} 1');
  expect(text).toMatch(/gen_ai_client_operation_duration_seconds_count\{[^}]*error_type="",?[^}]*\} 1/);
  expect(text).toMatch(/gen_ai_client_token_usage_sum\{[^}]*gen_ai_token_type="input"[^}]*\} 7/);
  expect(text).toContain('mcp_backend_in_flight{backend="local"} 0');
  expect(text).toMatch(/mcp_backend_snapshot_age_seconds 0\.\d+/);
});
