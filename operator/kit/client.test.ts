import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  isAlreadyExists,
  isConflict,
  isForbidden,
  isGone,
  isNotFound,
  NotLeaderError,
  retryAfterMs,
} from './errors.ts';
import type { KubeObject } from './object.ts';
import * as kinds from './resources.ts';
import { createClient, type RestClient } from './rest-client.ts';
import { startTestApi, type TestApi } from './testing/api.ts';
import type { ConfigMap } from './wire.ts';

let api: TestApi;
let client: RestClient;

beforeEach(async () => {
  api = await startTestApi();
  client = createClient({ config: api.config });
});
afterEach(async () => {
  await client.close();
  await api.close();
});

const key = { namespace: 'a', name: 'x' };
const configMap = (data: Record<string, string>, metadata: object = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { ...key, ...metadata },
  data,
});
const refusal = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('answers', () => {
  test('what is created can be read, listed over pages, replaced, patched and deleted once', async () => {
    for (let n = 0; n < 5; n += 1) await client.create(kinds.configMaps, configMap({ n: `${n}` }, { name: `m${n}` }));
    const pages: number[] = [];
    for await (const page of client.pages(kinds.configMaps, { pageSize: 2 })) pages.push(page.items.length);
    expect(pages).toEqual([2, 2, 1]);
    const { items } = await client.list(kinds.configMaps, { namespace: 'a', pageSize: 2 });
    expect(items.map(({ kind, apiVersion, data }) => [kind, apiVersion, data?.['n']])).toEqual(
      ['0', '1', '2', '3', '4'].map((n) => ['ConfigMap', 'v1', n]),
    );
    const read = await client.get(kinds.configMaps, { namespace: 'a', name: 'm0' });
    const replaced = await client.update(kinds.configMaps, { ...read, data: { n: 'new' } });
    expect(isConflict(await refusal(client.update(kinds.configMaps, read)))).toBe(true);
    const patched = await client.patch(kinds.configMaps, { namespace: 'a', name: 'm0' }, { data: { more: '1' } });
    expect(patched.data).toEqual({ n: 'new', more: '1' });
    expect(Number(patched.metadata.resourceVersion)).toBeGreaterThan(Number(replaced.metadata.resourceVersion));
    expect(await client.delete(kinds.configMaps, { namespace: 'a', name: 'm0' })).toBe(true);
    expect(await client.delete(kinds.configMaps, { namespace: 'a', name: 'm0' })).toBe(false);
  });

  test('an apply is answered with metadata alone, under our field manager', async () => {
    const answer = await client.apply(kinds.configMaps, configMap({ a: 'b' }));
    expect(answer.kind).toBe('PartialObjectMetadata');
    expect(answer).not.toHaveProperty('data');
    expect(answer.metadata.managedFields?.[0]).toMatchObject({ manager: 'mcp-fleet', operation: 'Apply' });
  });

  test('fields this program has never heard of survive', async () => {
    const future = { ...configMap({}), spec: { invented: { in: ['2030'] } } };
    await client.create(kinds.configMaps, future);
    expect(await client.get(kinds.configMaps, key)).toMatchObject({ spec: { invented: { in: ['2030'] } } });
  });
});

describe('refusals', () => {
  test('are errors that say what they are', async () => {
    expect(isNotFound(await refusal(client.get(kinds.configMaps, key)))).toBe(true);
    await client.create(kinds.configMaps, configMap({}));
    expect(isAlreadyExists(await refusal(client.create(kinds.configMaps, configMap({}))))).toBe(true);
    expect(isConflict(await refusal(client.delete(kinds.configMaps, key, { uid: 'another' })))).toBe(true);
    expect(isConflict(await refusal(client.apply(kinds.configMaps, configMap({}, { uid: 'another' }))))).toBe(true);
    expect(isConflict(await refusal(client.apply(kinds.configMaps, configMap({}, { resourceVersion: '1' }))))).toBe(
      true,
    );
    api.faults.inject({ kind: 'status', code: 403, reason: 'Forbidden' });
    expect(isForbidden(await refusal(client.get(kinds.configMaps, key)))).toBe(true);
  });

  test('a request without a name is a mistake in the program, not a request for the whole collection', async () => {
    await expect(client.delete(kinds.configMaps, { namespace: 'a', name: '' })).rejects.toThrow(TypeError);
    await expect(client.get(kinds.configMaps, { namespace: '', name: 'x' })).rejects.toThrow(TypeError);
    expect(api.requests).toEqual([]);
  });
});

describe('trouble', () => {
  const write = (): Promise<unknown> => client.apply(kinds.configMaps, configMap({ a: 'b' }));

  test('429 and 503 are tried again as the API server asks, other refusals are not', async () => {
    api.faults.inject({ kind: 'status', code: 429, retryAfterSeconds: 0 }, undefined, 3);
    api.faults.inject({ kind: 'status', code: 503, retryAfterSeconds: 0.01 });
    await write();
    expect(api.writes).toHaveLength(5);
    api.faults.inject({ kind: 'status', code: 500 });
    expect(await refusal(write())).toMatchObject({ code: 500 });
    expect(api.writes).toHaveLength(6);
  });

  test('a Retry-After beyond the deadline is handed to the caller at once', async () => {
    api.faults.inject({ kind: 'status', code: 429, retryAfterSeconds: 60 });
    const started = performance.now();
    const error = await refusal(client.get(kinds.configMaps, key, { timeoutMs: 1000 }));
    expect(retryAfterMs(error)).toBe(60_000);
    expect(performance.now() - started).toBeLessThan(900);
  });

  test('a cut connection is tried again, except for a create, which may have happened', async () => {
    api.faults.inject({ kind: 'reset' });
    await write();
    api.faults.inject({ kind: 'reset', after: true }, (request) => request.method === 'POST');
    expect(await refusal(client.create(kinds.configMaps, configMap({}, { name: 'y' })))).toBeInstanceOf(Error);
    expect(api.find(kinds.configMaps, { namespace: 'a', name: 'y' })).toBeDefined();
    expect(api.writes.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  test('an API server that never answers costs the deadline, and the error names the call', async () => {
    api.faults.inject({ kind: 'hang' });
    const error = await refusal(client.get(kinds.configMaps, key, { timeoutMs: 50 }));
    expect(String(error)).toContain('GET /api/v1/namespaces/a/configmaps/x took longer than 50 ms');
  });

  test('an abort ends a request and a wait for the next attempt with the given reason', async () => {
    api.faults.inject({ kind: 'hang' });
    const stop = new AbortController();
    const hanging = refusal(client.get(kinds.configMaps, key, { signal: stop.signal }));
    api.faults.inject({ kind: 'status', code: 429, retryAfterSeconds: 5 }, ({ path }) => path.endsWith('/y'));
    const waiting = refusal(client.get(kinds.configMaps, { namespace: 'a', name: 'y' }, { signal: stop.signal }));
    await expect.poll(() => api.requests.length).toBe(2);
    const reason = new Error('enough');
    stop.abort(reason);
    expect(await hanging).toBe(reason);
    expect(await waiting).toBe(reason);
  });

  test('many requests share the connections of the pool', async () => {
    const { config } = api;
    const few = createClient({ config, connections: 4 });
    const started = performance.now();
    await Promise.all(
      Array.from({ length: 200 }, (_, n) => few.apply(kinds.configMaps, configMap({}, { name: `n${n}` }))),
    );
    expect(performance.now() - started).toBeLessThan(5000);
    expect(api.list(kinds.configMaps)).toHaveLength(200);
    expect(api.connections).toBe(4);
    await few.close();
  });
});

test('a guarded client refuses writes, not reads, and asks again before each attempt', async () => {
  let leading = true;
  const guarded = client.guardedBy(() => leading);
  api.faults.inject({ kind: 'status', code: 429, retryAfterSeconds: 0.3 });
  const slow = refusal(guarded.apply(kinds.configMaps, configMap({ a: 'b' })));
  await expect.poll(() => api.writes.length).toBe(1);
  leading = false;
  expect(await slow).toBeInstanceOf(NotLeaderError);
  expect(await refusal(guarded.delete(kinds.configMaps, key))).toBeInstanceOf(NotLeaderError);
  expect((await guarded.list(kinds.configMaps)).items).toEqual([]);
  expect(api.writes).toHaveLength(1);
});

test('a watch gives what happens after its version, and 410 when that is forgotten', async () => {
  const first = await client.create(kinds.configMaps, configMap({}));
  await client.patch(kinds.configMaps, key, { data: { a: '1' } });
  const stop = new AbortController();
  const seen: string[] = [];
  const options = { resourceVersion: first.metadata.resourceVersion ?? '', signal: stop.signal };
  const watching = (async () => {
    for await (const batch of client.watch<KubeObject>(kinds.configMaps, options)) {
      seen.push(...batch.map(({ type }) => type));
    }
  })();
  await expect.poll(() => seen.includes('MODIFIED')).toBe(true);
  api.remove(kinds.configMaps, key);
  await expect.poll(() => seen.includes('DELETED')).toBe(true);
  stop.abort(new Error('enough'));
  await expect(watching).rejects.toThrow('enough');
  api.compact();
  const again = client.watch(kinds.configMaps, { resourceVersion: options.resourceVersion })[Symbol.asyncIterator]();
  expect(isGone(await refusal(again.next()))).toBe(true);
});

test('new TLS material means new connections, and running requests still end', async () => {
  let tls = { rejectUnauthorized: true };
  const rotating = createClient({ config: { ...api.config, tls: async () => tls }, connections: 1 });
  await rotating.list(kinds.configMaps);
  await rotating.list(kinds.configMaps);
  expect(api.accepted).toBe(1);
  tls = { ...tls };
  await rotating.list(kinds.configMaps);
  expect(api.accepted).toBe(2);
  await expect.poll(() => api.connections).toBe(1);
  await rotating.close();
});
