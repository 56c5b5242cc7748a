/**
 * What the kit takes for granted of a real API server, for built-in kinds and for a custom resource: metadata-only
 * answers, preconditions of an apply, streamed lists, status as a sub-resource, and leases.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { Applier } from './apply.ts';
import { setCondition } from './conditions.ts';
import { isConflict, isNotFound } from './errors.ts';
import { createEventRecorder } from './events.ts';
import { loadKubeconfig } from './kubeconfig.ts';
import { LeaderElection } from './lease.ts';
import { silentLogger } from './log.ts';
import type { Condition, KubeObject, Resource } from './object.ts';
import { cachedMeta, customProjection } from './projection.ts';
import { Reflector } from './reflector.ts';
import * as kinds from './resources.ts';
import { createClient, type RestClient } from './rest-client.ts';
import type { CustomObject } from './wire.ts';

interface Status {
  readonly replicas: number;
  readonly conditions: readonly Condition[];
}
type Widget = CustomObject<{ readonly size?: number; readonly shape?: string }, Status>;

const id = randomUUID().slice(0, 8);
const namespace = `kit-${id}`;
const group = `kit-${id}.example.com`;
const widgets: Resource<Widget> = { group, version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true };
const definitions: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};
const fail = (error: unknown): never => {
  throw error;
};
const refusal = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
const stop = new AbortController();
let client: RestClient;

const condition = {
  type: 'object',
  properties: Object.fromEntries(
    ['type', 'status', 'reason', 'message', 'lastTransitionTime'].map((name) => [name, { type: 'string' }]),
  ),
  required: ['type'],
};
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `widgets.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets', singular: 'widget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                properties: { size: { type: 'integer', default: 1 }, shape: { type: 'string' } },
              },
              status: {
                type: 'object',
                properties: {
                  replicas: { type: 'integer' },
                  conditions: {
                    type: 'array',
                    items: condition,
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['type'],
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
};

const widget = (name: string, spec: Widget['spec'] = {}): Widget => ({
  apiVersion: `${group}/v1`,
  kind: 'Widget',
  metadata: { namespace, name },
  spec,
});

beforeAll(async () => {
  client = createClient({ config: await loadKubeconfig(inject('cluster').kubeconfig) });
  await client.create(kinds.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await client.create(definitions, definition);
  for (;;) {
    const error = await refusal(client.list(widgets));
    if (error === undefined) break;
    if (!isNotFound(error)) throw error;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});
afterAll(async () => {
  stop.abort();
  await client.delete(definitions, { namespace: '', name: definition.metadata.name });
  await client.delete(kinds.namespaces, { namespace: '', name: namespace });
  await client.close();
});

test('an apply of a custom resource is answered with metadata alone and respects its preconditions', async () => {
  const first = await client.apply(widgets, widget('x', { shape: 'round' }));
  expect(first.kind).toBe('PartialObjectMetadata');
  expect(first).not.toHaveProperty('spec');
  const again = await client.apply(widgets, widget('x', { shape: 'round' }));
  expect(again.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  const apply = (metadata: object): Promise<unknown> =>
    refusal(client.apply(widgets, { ...widget('x'), metadata: { ...widget('x').metadata, ...metadata } }));
  expect(isConflict(await apply({ resourceVersion: '1' }))).toBe(true);
  expect(isConflict(await apply({ uid: randomUUID() }))).toBe(true);
  expect(isConflict(await refusal(client.delete(widgets, { namespace, name: 'x' }, { uid: randomUUID() })))).toBe(true);
  expect((await client.get(widgets, { namespace, name: 'x' })).spec).toEqual({ shape: 'round', size: 1 });
});

test('a status is applied once per change, and conditions that go are removed', async () => {
  await client.apply(widgets, widget('status'));
  const reflector = new Reflector<Widget, ReturnType<typeof customProjection<Widget>>>({
    client,
    resource: widgets,
    project: customProjection,
    log: silentLogger,
    fatal: fail,
  });
  const running = reflector.run(stop.signal);
  await reflector.whenSynced(AbortSignal.timeout(10_000));
  const key = { namespace, name: 'status' };
  const applier = new Applier({ client, log: silentLogger });
  const write = (status: Status): Promise<boolean> => {
    const cached = reflector.store.get(key);
    if (cached === undefined) throw new Error('the widget is not cached');
    return applier.applyStatus(widgets, cached, status, reflector.store);
  };
  const now = '2026-01-01T00:00:00Z';
  const ready = setCondition([], { type: 'Ready', status: 'False', reason: 'Starting', message: '' }, now);
  const both = setCondition(ready, { type: 'Degraded', status: 'True', reason: 'Some', message: '' }, now);
  expect(await write({ replicas: 0, conditions: both })).toBe(true);
  expect(await write({ replicas: 0, conditions: both })).toBe(false);
  await expect.poll(() => reflector.store.get(key)?.status?.conditions.length, { interval: 5 }).toBe(2);
  expect(await write({ replicas: 0, conditions: both })).toBe(false);
  expect(await write({ replicas: 0, conditions: ready })).toBe(true);
  await expect
    .poll(() => reflector.store.get(key)?.status, { interval: 5 })
    .toEqual({ replicas: 0, conditions: ready });
  expect((await client.get(widgets, key)).metadata.generation).toBe(1);
  expect(reflector.store.get(key)?.metadata).toEqual(cachedMeta(await client.get(widgets, key)));
  stop.abort();
  await running;
});

test('lists are streamed with a bookmark at their end, page by page otherwise', async () => {
  for (let n = 0; n < 7; n += 1) await client.apply(widgets, widget(`page-${n}`));
  const sizes: number[] = [];
  for await (const page of client.pages(widgets, { namespace, pageSize: 3 })) sizes.push(page.items.length);
  expect(sizes.slice(0, 2)).toEqual([3, 3]);
  const end = new AbortController();
  const types = new Set<string>();
  for await (const batch of client.watch<KubeObject>(widgets, { sendInitialEvents: true, signal: end.signal })) {
    for (const event of batch) types.add(event.type);
    if (types.has('BOOKMARK')) break;
  }
  expect([...types]).toEqual(['ADDED', 'BOOKMARK']);
});

test('a lease changes hands at once when it is given back', async () => {
  const leave = new AbortController();
  const elect = (identity: string): LeaderElection =>
    new LeaderElection({ client, key: { namespace, name: 'lead' }, identity, log: silentLogger, fatal: fail });
  const [first, second] = [elect('first'), elect('second')];
  await first.acquire(AbortSignal.timeout(10_000));
  const holding = first.hold(leave.signal);
  const followed = second.acquire(AbortSignal.timeout(10_000));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect([first.valid(), second.valid()]).toEqual([true, false]);
  const left = performance.now();
  leave.abort();
  await Promise.all([holding, followed]);
  expect(performance.now() - left).toBeLessThan(1000);
  expect([first.valid(), second.valid()]).toEqual([false, true]);
  const { spec } = await client.get(kinds.leases, { namespace, name: 'lead' });
  expect(spec).toMatchObject({ holderIdentity: 'second', leaseTransitions: 1 });
});

test('events are taken by the API server, and repeated ones as a series', async () => {
  const regarding = await client.create(kinds.configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name: 'regarding' },
  });
  const recorder = createEventRecorder({ client, controller: 'example.com/kit', instance: 'kit-0', log: silentLogger });
  const note = { type: 'Warning', reason: 'Tested', action: 'Test', note: 'It was tested.' } as const;
  for (const object of [regarding, regarding, regarding]) {
    recorder.record(kinds.configMaps, { metadata: cachedMeta(object) }, note);
  }
  await recorder.flush(5000);
  const { items } = await client.list(kinds.events, { namespace });
  expect(items.filter(({ reason }) => reason === 'Tested')).toMatchObject([
    { regarding: { uid: regarding.metadata.uid }, series: { count: 3 } },
  ]);
});
