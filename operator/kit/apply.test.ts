import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Applier } from './apply.ts';
import { silentLogger } from './log.ts';
import { controllerReference, type KubeObject } from './object.ts';
import { type CachedChild, cachedMeta, childProjection, customProjection } from './projection.ts';
import { Reflector } from './reflector.ts';
import * as kinds from './resources.ts';
import { createClient, type RestClient } from './rest-client.ts';
import { startTestApi, type TestApi } from './testing/api.ts';
import { children } from './testing/children.ts';
import type { ConfigMap } from './wire.ts';

let api: TestApi;
let client: RestClient;
let stop: AbortController;
let runs: Promise<void>[];
let reflector: Reflector<ConfigMap, CachedChild>;
let owner: ReturnType<typeof controllerReference>;

const key = { namespace: 'a', name: 'x' };
const fail = (error: unknown): never => {
  throw error;
};
const restarted = (by = client): Applier => new Applier({ client: by, log: silentLogger });
const poll = { timeout: 5000, interval: 5 };

beforeEach(async () => {
  api = await startTestApi();
  client = createClient({ config: api.config });
  stop = new AbortController();
  const parent = api.put(kinds.secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'a', name: 'owner' },
  });
  owner = controllerReference(kinds.secrets, { metadata: cachedMeta(parent) });
  reflector = new Reflector({
    client,
    resource: kinds.configMaps,
    project: childProjection(),
    log: silentLogger,
    fatal: fail,
  });
  runs = [reflector.run(stop.signal)];
  await reflector.whenSynced();
  api.writes.length = 0;
});
afterEach(async () => {
  stop.abort();
  await Promise.all(runs);
  await client.close();
  await api.close();
});

const intent = (data: Record<string, string> = { a: '1' }): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { ...key, ownerReferences: [owner] },
  data,
});
const ensure = (applier: Applier, object = intent(), options = {}) =>
  applier.ensure(kinds.configMaps, object, reflector.store, options);
const shown = (): Promise<void> =>
  expect
    .poll(
      () =>
        reflector.store.get(key)?.metadata.resourceVersion ===
        api.find(kinds.configMaps, key)?.metadata.resourceVersion,
      poll,
    )
    .toBe(true);

test.each(children)(
  '$title converges in one write and repairs what somebody edits',
  async ({ resource, build, edit }) => {
    const { store, ...rest } = follow(resource);
    await rest.synced;
    const object = build({ ...key, name: 'child', owner });
    const at = { ...key, name: 'child' };
    expect(await restarted().ensure(resource, object, store)).toEqual({ outcome: 'created' });
    await expect.poll(() => store.get(at), poll).toBeDefined();
    expect(await restarted().ensure(resource, object, store)).toEqual({ outcome: 'unchanged' });
    const stranger = createClient({ config: api.config, fieldManager: 'somebody-else' });
    const { metadata } = await stranger.patch(resource, at, edit);
    await stranger.close();
    await expect.poll(() => store.get(at)?.metadata.resourceVersion, poll).toBe(metadata.resourceVersion);
    expect(await restarted().ensure(resource, object, store)).toEqual({ outcome: 'updated' });
  },
);

function follow(resource: typeof kinds.pods | (typeof children)[number]['resource']) {
  const options = { client, resource, project: childProjection<KubeObject>(), log: silentLogger, fatal: fail };
  const more = new Reflector<KubeObject, CachedChild>(options);
  runs.push(more.run(stop.signal));
  return { store: more.store, synced: more.whenSynced() };
}

describe('writes are as few as can be', () => {
  test('a reconcile before the cache shows our own write sends nothing, another intent does', async () => {
    const applier = restarted();
    stop.abort();
    await Promise.all(runs);
    expect(await ensure(applier)).toEqual({ outcome: 'created' });
    expect(await ensure(applier)).toEqual({ outcome: 'unchanged' });
    expect(await ensure(applier, intent({ a: '2' }))).toEqual({ outcome: 'updated' });
    expect(await ensure(applier, intent({ a: '2' }))).toEqual({ outcome: 'unchanged' });
    // Create; the second intent meets 409 first, as the cache shows nothing.
    expect(api.writes).toHaveLength(3);
    expect(api.get(kinds.configMaps, key).data).toEqual({ a: '2' });
  });

  test('an object deleted after our write was seen is made anew', async () => {
    const applier = restarted();
    await ensure(applier);
    await shown();
    api.remove(kinds.configMaps, key);
    await expect.poll(() => reflector.store.get(key), poll).toBeUndefined();
    expect(await ensure(applier)).toEqual({ outcome: 'created' });
  });

  test('a field no longer wanted is taken out, one of somebody else stays', async () => {
    const applier = restarted();
    await ensure(applier, intent({ a: '1', b: '2' }));
    const stranger = createClient({ config: api.config, fieldManager: 'somebody-else' });
    await stranger.patch(kinds.configMaps, key, { data: { theirs: '3' } });
    await stranger.close();
    await shown();
    expect(await ensure(restarted(), intent({ a: '1' }))).toEqual({ outcome: 'updated' });
    expect(api.get(kinds.configMaps, key).data).toEqual({ a: '1', theirs: '3' });
  });

  test('an intent which is stored in another spelling is not written again, and once after a restart', async () => {
    const spelling = await startTestApi({
      respell: (object) => (object.kind === 'ConfigMap' ? { ...object, data: { cpu: '500m' } } : object),
    });
    const writer = createClient({ config: spelling.config });
    const maps = new Reflector<ConfigMap, CachedChild>({
      client: writer,
      resource: kinds.configMaps,
      project: childProjection(),
      log: silentLogger,
      fatal: fail,
    });
    runs.push(maps.run(stop.signal));
    await maps.whenSynced();
    const once = (applier: Applier) => applier.ensure(kinds.configMaps, intent({ cpu: '0.5' }), maps.store);
    const first = restarted(writer);
    expect(await once(first)).toEqual({ outcome: 'created' });
    await expect.poll(() => maps.store.get(key), poll).toBeDefined();
    expect([await once(first), await once(first)]).toEqual([{ outcome: 'unchanged' }, { outcome: 'unchanged' }]);
    const second = restarted(writer);
    expect([await once(second), await once(second)]).toEqual([{ outcome: 'updated' }, { outcome: 'unchanged' }]);
    expect(spelling.writes).toHaveLength(2);
    stop.abort();
    await Promise.all(runs);
    await writer.close();
    await spelling.close();
  });

  test('an object made once is never changed afterwards', async () => {
    await ensure(restarted(), intent({ key: 'random-1' }), { createOnly: true });
    await shown();
    expect(await ensure(restarted(), intent({ key: 'random-2' }), { createOnly: true })).toEqual({
      outcome: 'unchanged',
    });
    expect(api.get(kinds.configMaps, key).data).toEqual({ key: 'random-1' });
    expect(api.writes).toHaveLength(1);
  });

  test('a status is written when it differs, also from what was written last', async () => {
    const pod = api.put(kinds.pods, { apiVersion: 'v1', kind: 'Pod', metadata: key, spec: { containers: [] } });
    const pods = new Reflector({
      client,
      resource: kinds.pods,
      project: customProjection,
      log: silentLogger,
      fatal: fail,
    });
    runs.push(pods.run(stop.signal));
    await pods.whenSynced();
    api.writes.length = 0;
    const applier = restarted();
    const apply = (phase: string): Promise<boolean> => {
      const cached = pods.store.get(key);
      if (cached === undefined) throw new Error('the pod is not cached');
      return applier.applyStatus(kinds.pods, cached, { phase, conditions: [] }, pods.store);
    };
    expect(await apply('Pending')).toBe(true);
    expect(await apply('Pending')).toBe(false);
    expect(await apply('Running')).toBe(true);
    await expect.poll(() => pods.store.get(key)?.status?.phase, poll).toBe('Running');
    expect(await apply('Running')).toBe(false);
    expect(api.writes).toHaveLength(2);
    expect(api.get(kinds.pods, key)).toMatchObject({
      metadata: { uid: pod.metadata.uid },
      status: { phase: 'Running' },
    });
  });
});

describe('nothing is taken over', () => {
  test('a name in use by somebody else is a conflict that changes nothing', async () => {
    api.put(kinds.configMaps, { ...intent({ theirs: '1' }), metadata: key });
    api.writes.length = 0;
    // Before the cache shows it and after.
    expect(await ensure(restarted())).toMatchObject({ outcome: 'name-conflict', name: 'x' });
    await shown();
    expect(await ensure(restarted())).toMatchObject({ outcome: 'name-conflict', owner: undefined });
    expect(api.get(kinds.configMaps, key).data).toEqual({ theirs: '1' });
  });

  test('an object of our owner that the cache does not show yet is recognised', async () => {
    stop.abort();
    await Promise.all(runs);
    await ensure(restarted());
    expect(await ensure(restarted())).toEqual({ outcome: 'unchanged' });
    expect(await ensure(restarted(), intent({ a: '2' }))).toEqual({ outcome: 'updated' });
    expect(api.get(kinds.configMaps, key).data).toEqual({ a: '2' });
  });

  test('a create whose answer was lost does not fail the next attempt', async () => {
    api.faults.inject({ kind: 'reset', after: true }, ({ method }) => method === 'PATCH');
    expect(await ensure(restarted())).toEqual({ outcome: 'unchanged' });
    expect(api.get(kinds.configMaps, key).data).toEqual({ a: '1' });
  });

  test('an object replaced since the cache saw it is left alone', async () => {
    await ensure(restarted());
    await shown();
    const cached = reflector.store.get(key);
    if (cached === undefined) throw new Error('the object is not cached');
    stop.abort();
    await Promise.all(runs);
    api.remove(kinds.configMaps, key);
    api.put(kinds.configMaps, { ...intent({ theirs: '1' }), metadata: key });
    expect(await ensure(restarted(), intent({ a: '2' }))).toEqual({ outcome: 'deleting' });
    expect(await restarted().remove(kinds.configMaps, cached)).toBe(false);
    expect(api.get(kinds.configMaps, key).data).toEqual({ theirs: '1' });
  });

  test('an intent without a controller is a mistake in the program', async () => {
    await expect(ensure(restarted(), { ...intent(), metadata: key })).rejects.toThrow(TypeError);
  });
});
