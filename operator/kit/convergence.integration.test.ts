/**
 * The parts together, against an API that fails: every child appears, nothing is written twice once it stands, neither
 * later nor by a successor, and what somebody breaks is repaired.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Applier } from './apply.ts';
import { Controller, done } from './controller.ts';
import { silentLogger } from './log.ts';
import { Manager } from './manager.ts';
import { createMetrics } from './metrics.ts';
import { controllerReference } from './object.ts';
import { childProjection, customProjection } from './projection.ts';
import * as kinds from './resources.ts';
import { createClient } from './rest-client.ts';
import { startTestApi, type TestApi } from './testing/api.ts';
import { children } from './testing/children.ts';
import type { Fault } from './testing/faults.ts';

let api: TestApi;
let seed: number;

const owners = 25;
const wanted = ['Deployment', 'Service', 'ConfigMap', 'Secret'].map((kind) => {
  const child = children.find(({ resource }) => resource.kind === kind);
  if (child === undefined) throw new Error(`no sample of ${kind}`);
  return child;
});

/** The same numbers in every run. */
function random(): number {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed / 2_147_483_648;
}

beforeEach(async () => {
  seed = 7;
  api = await startTestApi();
});
afterEach(async () => {
  await api.close();
});

/** One operator that gives every Lease (it stands in for a custom resource) its children; returns how to end it. */
function operate(): () => Promise<void> {
  const client = createClient({ config: api.config });
  const fatal = (error: unknown): never => {
    throw error;
  };
  const shared = { client, log: silentLogger, metrics: createMetrics(), fatal };
  const manager = new Manager({ ...shared, frozen: true });
  const own = manager.informer(kinds.leases, customProjection);
  const informers = wanted.map(({ resource }) => manager.informer(resource, childProjection()));
  const applier = new Applier(shared);
  const controller = new Controller({
    ...shared,
    name: 'test',
    queue: { maxMs: 200 },
    reconcile: async (key, { signal }) => {
      const object = own.store.get(key);
      if (object === undefined) return done;
      const owner = controllerReference(kinds.leases, object);
      for (const [n, { resource, build }] of wanted.entries()) {
        const store = informers[n]?.store;
        if (store !== undefined)
          await applier.ensure(resource, build({ ...key, owner }), store, { signal, timeoutMs: 2000 });
      }
      return done;
    },
  });
  controller.for(own);
  for (const informer of informers) controller.owns(informer, own);
  manager.add(controller);
  const stop = new AbortController();
  const running = manager.run(stop.signal);
  return async () => {
    stop.abort();
    await running;
    await client.close();
  };
}

const key = (n: number): { namespace: string; name: string } => ({ namespace: 'a', name: `x${n}` });
const counts = (): number[] => wanted.map(({ resource }) => api.list(resource).length);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const poll = { timeout: 20_000, interval: 20 };

function make(): void {
  for (let n = 0; n < owners; n += 1) {
    api.put(kinds.leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: key(n), spec: {} });
  }
}

test('a third of all requests failing, watches cut and history lost: all converges and then rests', async () => {
  const faults: readonly Fault[] = [
    { kind: 'status', code: 500 },
    { kind: 'status', code: 429, retryAfterSeconds: 0 },
    { kind: 'reset' },
    { kind: 'reset', after: true },
  ];
  for (const [n, fault] of faults.entries()) {
    api.faults.inject(fault, () => random() < 0.1 / (1 - 0.1 * n), Number.POSITIVE_INFINITY);
  }
  const end = operate();
  make();
  const cutter = setInterval(() => {
    api.cutWatches();
    if (random() < 0.3) api.compact();
  }, 100);
  await expect.poll(counts, poll).toEqual(wanted.map(() => owners));
  clearInterval(cutter);
  api.faults.clear();
  await pause(400);
  api.writes.length = 0;
  await pause(400);
  expect(api.writes).toEqual([]);
  await end();

  const endOfSuccessor = operate();
  await pause(600);
  expect(api.writes).toEqual([]);
  api.remove(kinds.services, key(3));
  await expect.poll(() => api.find(kinds.services, key(3)), poll).toBeDefined();
  const secret = api.get(kinds.secrets, key(4));
  api.put(kinds.secrets, { ...secret, data: { key: 'ZWRpdGVk' } });
  await expect.poll(() => api.get(kinds.secrets, key(4)).data, poll).toEqual({ key: 'c2VjcmV0' });
  api.remove(kinds.leases, key(5));
  await pause(300);
  expect(wanted.map(({ resource }) => api.find(resource, key(5)))).toEqual(wanted.map(() => undefined));
  await endOfSuccessor();
}, 30_000);

test('an operator that is cut down in the middle leaves nothing double and nothing out to its successor', async () => {
  make();
  const endFirst = operate();
  await expect.poll(() => api.writes.length, { timeout: 5000, interval: 1 }).toBeGreaterThan(owners);
  // From here on nothing of it arrives any more.
  api.faults.inject({ kind: 'reset' }, undefined, Number.POSITIVE_INFINITY);
  api.cutWatches();
  await pause(50);
  void endFirst().catch(() => undefined);
  await pause(300);
  api.faults.clear();
  const end = operate();
  await expect.poll(counts, poll).toEqual(wanted.map(() => owners));
  for (let n = 0; n < owners; n += 1) {
    const uid = api.get(kinds.leases, key(n)).metadata.uid;
    for (const { resource } of wanted) {
      expect(api.get(resource, key(n)).metadata.ownerReferences?.map((owner) => owner.uid)).toEqual([uid]);
    }
  }
  await end();
}, 30_000);
