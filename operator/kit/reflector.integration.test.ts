import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from './log.ts';
import type { KubeObject } from './object.ts';
import { type CachedChild, childProjection } from './projection.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';
import * as kinds from './resources.ts';
import { createClient, type RestClient } from './rest-client.ts';
import { startTestApi, type TestApi, type TestApiOptions } from './testing/api.ts';
import type { ConfigMap } from './wire.ts';

type Seen = CachedChild & { readonly data: string };

let api: TestApi;
let client: RestClient;
let stop: AbortController;
let runs: Promise<void>[];
let fatal: unknown;

async function start(options: TestApiOptions = {}): Promise<void> {
  api = await startTestApi(options);
  client = createClient({ config: api.config });
}

beforeEach(() => {
  stop = new AbortController();
  runs = [];
  fatal = undefined;
});
afterEach(async () => {
  stop.abort();
  await Promise.all(runs);
  await client.close();
  await api.close();
  if (fatal !== undefined) throw fatal as Error;
});

function put(name: string, data = '', namespace = 'a'): void {
  api.put(kinds.configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data: { data } });
}

function follow(options: Partial<ReflectorOptions<ConfigMap, Seen>> = {}): Reflector<ConfigMap, Seen> {
  const reflector = new Reflector<ConfigMap, Seen>({
    client,
    resource: kinds.configMaps,
    project: childProjection((object) => ({ data: object.data?.['data'] ?? '' })),
    log: silentLogger,
    fatal: (error) => {
      fatal = error;
    },
    frozen: true,
    // Pauses are halved, so that tests do not wait.
    random: () => 0,
    ...options,
  });
  runs.push(reflector.run(stop.signal));
  return reflector;
}

const content = ({ store }: Reflector<ConfigMap, Seen>): Record<string, string> =>
  Object.fromEntries([...store.values()].map(({ metadata, data }) => [`${metadata.namespace}/${metadata.name}`, data]));
const lists = (): number => api.requests.filter(({ watch, query }) => !watch || query.has('sendInitialEvents')).length;
const poll = { timeout: 5000, interval: 5 };

describe.each([{ withoutWatchList: false }, { withoutWatchList: true }])('with %o', (options) => {
  test('what exists is there once synced, and changes follow', async () => {
    await start(options);
    for (let n = 0; n < 1200; n += 1) put(`m${n}`);
    const reflector = follow();
    expect(reflector.hasSynced()).toBe(false);
    await reflector.whenSynced();
    expect(reflector.store.size).toBe(1200);
    put('m0', 'changed');
    put('new', 'here');
    api.remove(kinds.configMaps, { namespace: 'a', name: 'm1' });
    await expect.poll(() => content(reflector)['a/m0'], poll).toBe('changed');
    await expect
      .poll(() => [content(reflector)['a/new'], content(reflector)['a/m1']], poll)
      .toEqual(['here', undefined]);
    const last = api.get(kinds.configMaps, { namespace: 'a', name: 'new' }).metadata.resourceVersion ?? '';
    expect(reflector.store.caughtUpTo('a', last)).toBe(true);
  });

  test('a cut watch resumes where it was, without a new list', async () => {
    await start(options);
    put('x', '1');
    const reflector = follow();
    await reflector.whenSynced();
    const before = lists();
    for (let round = 2; round < 6; round += 1) {
      await expect.poll(() => api.requests.at(-1)?.watch, poll).toBe(true);
      api.cutWatches();
      put('x', `${round}`);
      await expect.poll(() => content(reflector)['a/x'], poll).toBe(`${round}`);
    }
    expect(lists()).toBe(before);
  });

  test('a version too old to resume from means a new list, which also shows what was deleted meanwhile', async () => {
    await start(options);
    put('gone');
    put('stays', '1');
    const reflector = follow();
    await reflector.whenSynced();
    const before = lists();
    api.faults.inject({ kind: 'status', code: 500 }, ({ watch }) => watch, 2);
    api.cutWatches();
    api.remove(kinds.configMaps, { namespace: 'a', name: 'gone' });
    put('stays', '2');
    api.compact();
    await expect.poll(() => content(reflector), poll).toEqual({ 'a/stays': '2' });
    expect(lists()).toBeGreaterThan(before);
  });

  test('an API server that refuses, hangs up or denies credentials for a while is waited for', async () => {
    await start(options);
    put('x', '1');
    api.faults.inject({ kind: 'status', code: 401, reason: 'Unauthorized' }, undefined, 2);
    api.faults.inject({ kind: 'reset' }, undefined, 2);
    api.faults.inject({ kind: 'status', code: 429, retryAfterSeconds: 0 }, undefined, 2);
    const reflector = follow();
    await reflector.whenSynced(AbortSignal.timeout(5000));
    expect(content(reflector)).toEqual({ 'a/x': '1' });
  });
});

test('namespaces and selectors limit what is seen, and each namespace has to be complete', async () => {
  await start();
  put('x', '1', 'a');
  put('x', '2', 'b');
  put('x', '3', 'c');
  api.faults.inject({ kind: 'status', code: 403 }, ({ path }) => path.includes('/b/'), 3);
  const reflector = follow({ namespaces: ['a', 'b'] });
  await expect.poll(() => content(reflector), poll).toEqual({ 'a/x': '1' });
  expect(reflector.hasSynced()).toBe(false);
  await reflector.whenSynced();
  expect(content(reflector)).toEqual({ 'a/x': '1', 'b/x': '2' });
  const named = follow({ fieldSelector: 'metadata.namespace=c' });
  await named.whenSynced();
  expect(content(named)).toEqual({ 'c/x': '3' });
});

test('bookmarks move the version of a quiet kind', async () => {
  await start();
  const reflector = follow();
  await reflector.whenSynced();
  api.put(kinds.secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'a', name: 's' } });
  const version = api.get(kinds.secrets, { namespace: 'a', name: 's' }).metadata.resourceVersion ?? '';
  await expect.poll(() => reflector.store.caughtUpTo('a', version), poll).toBe(true);
});

test('a mistake in a projection ends the process instead of looping', async () => {
  await start();
  put('x');
  let caught: unknown;
  const broken = follow({
    project: (object: KubeObject) => (object as unknown as { spec: { replicas: never } }).spec.replicas,
    fatal: (error) => {
      caught = error;
    },
  });
  await expect.poll(() => caught, poll).toBeInstanceOf(TypeError);
  expect(broken.hasSynced()).toBe(false);
});
