import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { engine } from '#models/testing/openai-engine.ts';
import { type Scripted, startScripted } from '#models/testing/scripted.ts';
import type { KubeObject, Resource } from '#operator/kit/object.ts';
import { createClient, type RestClient } from '#operator/kit/rest-client.ts';
import { startTestApi, type TestApi } from '#operator/kit/testing/api.ts';
import { serverConfig } from '../config.ts';
import { question, recordedLog } from './fleet.testing.ts';
import { type InferenceDeps, type OpenInference, openInference } from './open.ts';

const modelBackends: Resource = {
  group: 'mcpfleet.dev',
  version: 'v1alpha1',
  kind: 'ModelBackend',
  plural: 'modelbackends',
  namespaced: true,
};

let api: TestApi;
let client: RestClient;
let server: Scripted;
let folder: string;
const opened: OpenInference[] = [];

beforeEach(async () => {
  api = await startTestApi();
  client = createClient({ config: api.config });
  server = await startScripted(engine(['m'], 'from the cluster'));
  folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-'));
});
afterEach(async () => {
  for (const inference of opened.splice(0)) await inference.close();
  await client.close();
  await api.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function open(change: object = {}, deps: Partial<InferenceDeps> = {}): Promise<OpenInference> {
  const config = serverConfig.parse({
    name: 'test',
    toolsets: [{ name: 'tasks' }],
    storage: { type: 'Embedded', path: ':memory:' },
    backends: { source: 'Cluster', namespace: 'team', credentialsDirectory: folder, ...change },
  });
  const { log } = recordedLog();
  const inference = await openInference(config, { log, random: () => 0, client, ...deps });
  opened.push(inference);
  return inference;
}

/** As the operator has judged it; `status` false leaves the status out. */
function put(name: string, { url = server.url, ready = true, spec = {}, namespace = 'team', labels = {} } = {}): void {
  const object = {
    apiVersion: 'mcpfleet.dev/v1alpha1',
    kind: 'ModelBackend',
    metadata: { name, namespace, labels },
    spec: { type: 'Service', service: { name: 'x', port: 80 }, models: [{ name: 'm', tasks: ['Chat'] }], ...spec },
  };
  const { metadata } = api.put<KubeObject>(modelBackends, object);
  const condition = {
    type: 'Ready',
    status: ready ? 'True' : 'False',
    reason: ready ? 'Serving' : 'Timeout',
    message: '',
    observedGeneration: metadata.generation,
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  api.setStatus(
    modelBackends,
    { namespace, name },
    {
      observedGeneration: metadata.generation,
      addresses: [{ name: 'http', protocol: 'OpenAI', url, pathPrefix: '' }],
      models: [{ name: 'm', upstreamName: 'm', state: ready ? 'Loaded' : 'Unknown', tasks: ['Chat'] }],
      conditions: [condition],
    },
  );
}

const view = (inference: OpenInference) => inference.backends().map(({ name, ready, reason }) => [name, ready, reason]);

test('a backend is used by the status that was published, and not without one', async () => {
  put('chat');
  api.put<KubeObject>(modelBackends, {
    apiVersion: 'mcpfleet.dev/v1alpha1',
    kind: 'ModelBackend',
    metadata: { name: 'new', namespace: 'team' },
    spec: { type: 'Service', service: { name: 'x', port: 80 }, models: [{ name: 'm' }] },
  } as KubeObject);
  const inference = await open();
  expect(await inference.chat(question)).toMatchObject({ text: 'from the cluster', backend: 'chat' });
  expect(view(inference)).toEqual([
    ['chat', true, 'Serving'],
    ['new', false, 'Pending'],
  ]);
  expect(inference.ready()).toBe(true);
});

test('a backend that turns unready is not asked; one that recovers or appears is used at once', async () => {
  put('chat');
  const inference = await open();
  await inference.chat(question);
  put('chat', { ready: false });
  await expect.poll(() => view(inference)).toEqual([['chat', false, 'Timeout']]);
  await expect(inference.chat(question)).rejects.toThrow('chat is not ready (Timeout)');
  put('other');
  await expect.poll(() => view(inference)).toContainEqual(['other', true, 'Serving']);
  expect((await inference.chat(question)).backend).toBe('other');
  put('chat');
  await expect.poll(() => view(inference)).toContainEqual(['chat', true, 'Serving']);
  expect((await inference.chat(question)).backend).toBe('chat');
  api.remove(modelBackends, { namespace: 'team', name: 'chat' });
  await expect.poll(() => view(inference)).toEqual([['other', true, 'Serving']]);
});

test('while a newer spec is not yet judged the last judgement holds', async () => {
  put('chat');
  const inference = await open();
  await inference.chat(question);
  const before = api.get(modelBackends, { namespace: 'team', name: 'chat' }) as KubeObject & { readonly spec: object };
  api.put<KubeObject>(modelBackends, {
    ...before,
    spec: { ...before.spec, timeouts: { connect: '1s' } },
  } as KubeObject);
  put('marker', { ready: false });
  await expect.poll(() => view(inference)).toContainEqual(['marker', false, 'Timeout']);
  expect((await inference.chat(question)).backend).toBe('chat');
});

test('only the chosen backends of the namespace are known', async () => {
  put('a');
  put('b', { labels: { tier: 'gold' } });
  put('c', { namespace: 'elsewhere' });
  const [named, labelled] = [await open({ names: ['a', 'c'] }), await open({ matchLabels: { tier: 'gold' } })];
  await expect.poll(() => [view(named), view(labelled)]).toEqual([[['a', true, 'Serving']], [['b', true, 'Serving']]]);
});

test('with the API server away the last snapshot stays in use and tells its age', async () => {
  put('chat');
  const inference = await open();
  await inference.chat(question);
  api.faults.inject({ kind: 'reset' }, () => true, Number.POSITIVE_INFINITY);
  api.cutWatches();
  const age = inference.snapshotAgeMs() ?? 0;
  await expect.poll(() => inference.snapshotAgeMs() ?? 0).toBeGreaterThan(age + 300);
  expect((await inference.chat(question)).text).toBe('from the cluster');
});

test('a server that never got a list is not ready for five seconds and then serves without', async () => {
  let now = 0;
  const timers: (() => void)[] = [];
  const clock = { now: () => now, after: (_: number, fn: () => void) => (timers.push(fn), () => undefined) };
  api.faults.inject({ kind: 'reset' }, () => true, Number.POSITIVE_INFINITY);
  const inference = await open({}, { clock });
  expect(inference.ready()).toBe(false);
  const asked = inference.chat(question).catch((error: Error) => error.message);
  now = 5_000;
  for (const fire of timers.splice(0)) fire();
  expect(inference.ready()).toBe(true);
  expect(await asked).toBe('route default has no ready model: there is no model backend');
  expect(inference.snapshotAgeMs()).toBeUndefined();
});

test('the credential of a backend comes from its folder, newest first', async () => {
  await mkdir(join(folder, 'chat'));
  await writeFile(join(folder, 'chat', 'token'), 'one');
  put('chat', { spec: { auth: { type: 'Bearer', secretRef: { name: 'key', key: 'token' } } } });
  const inference = await open();
  await inference.chat(question);
  await writeFile(join(folder, 'chat', 'token'), 'second');
  await inference.chat(question);
  expect(server.requests.map(({ headers }) => headers['authorization'])).toEqual(['Bearer one', 'Bearer second']);
});
