/**
 * On a real API server: for every kind the operator makes, the hash of the intent equals the hash of what the API server
 * stores, an edit or a deletion by somebody else is seen and repaired, and nothing of others is taken over.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { Applier } from './apply.ts';
import { loadKubeconfig } from './kubeconfig.ts';
import { silentLogger } from './log.ts';
import { controllerReference, type KubeObject, type Resource } from './object.ts';
import { intendedFields, ownedFields } from './owned.ts';
import { type CachedChild, cachedMeta, childProjection } from './projection.ts';
import { canonicalQuantity } from './quantity.ts';
import { Reflector } from './reflector.ts';
import * as kinds from './resources.ts';
import { createClient, type RestClient } from './rest-client.ts';
import { children } from './testing/children.ts';
import { storedQuantities } from './testing/quantities.ts';

const namespace = `kit-${randomUUID().slice(0, 8)}`;
const stop = new AbortController();
const running: Promise<void>[] = [];
let made = 0;
let client: RestClient;
let stranger: RestClient;
let owner: ReturnType<typeof controllerReference>;

beforeAll(async () => {
  const config = await loadKubeconfig(inject('cluster').kubeconfig);
  client = createClient({ config });
  stranger = createClient({ config, fieldManager: 'somebody-else' });
  await client.create(kinds.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  owner = controllerReference(kinds.configMaps, { metadata: cachedMeta(await configMap('owner')) });
});

afterAll(async () => {
  stop.abort();
  await Promise.all(running);
  await client.delete(kinds.namespaces, { namespace: '', name: namespace });
  await client.close();
  await stranger.close();
});

function configMap(name: string, data: Record<string, string> = {}) {
  return stranger.create(kinds.configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name },
    data,
  });
}

async function follow(resource: Resource): Promise<Reflector<KubeObject, CachedChild>> {
  const options = { client, resource, project: childProjection(), log: silentLogger, namespaces: [namespace] };
  const reflector = new Reflector<KubeObject, CachedChild>({ ...options, fatal: (error) => stop.abort(error) });
  running.push(reflector.run(stop.signal));
  await reflector.whenSynced(AbortSignal.timeout(10_000));
  return reflector;
}

/** A new one has forgotten every write, as after a restart. */
const restarted = (): Applier => new Applier({ client, log: silentLogger });

const until = (check: () => boolean): Promise<void> => expect.poll(check, { timeout: 5000, interval: 5 }).toBe(true);

test.each(children)(
  '$title is applied once, repaired after edits and deletion, and keeps what others add',
  async ({ resource, edit, foreign, build }) => {
    const { store } = await follow(resource);
    const key = { namespace, name: `child-${(made += 1)}` };
    const intent = build({ ...key, owner });
    const applier = restarted();
    expect(await applier.ensure(resource, intent, store)).toEqual({ outcome: 'created' });
    expect(await applier.ensure(resource, intent, store)).toEqual({ outcome: 'unchanged' });

    await until(() => store.get(key) !== undefined);
    const live = await client.get(resource, key);
    expect(ownedFields(live, 'mcp-fleet')).toEqual(intendedFields(intent));
    expect(await restarted().ensure(resource, intent, store)).toEqual({ outcome: 'unchanged' });

    const added = await stranger.patch(resource, key, foreign);
    await until(() => store.get(key)?.metadata.resourceVersion === added.metadata.resourceVersion);
    expect(await restarted().ensure(resource, intent, store)).toEqual({ outcome: 'unchanged' });

    const edited = await stranger.patch(resource, key, edit);
    await until(() => store.get(key)?.metadata.resourceVersion === edited.metadata.resourceVersion);
    expect(await applier.ensure(resource, intent, store)).toEqual({ outcome: 'updated' });
    expect(ownedFields(await client.get(resource, key), 'mcp-fleet')).toEqual(intendedFields(intent));
    expect(await applier.ensure(resource, intent, store)).toEqual({ outcome: 'unchanged' });

    const { uid } = (await client.get(resource, key)).metadata;
    await stranger.patch(resource, key, { metadata: { finalizers: null } });
    await stranger.delete(resource, key);
    await until(() => store.get(key)?.metadata.uid !== uid);
    expect(await applier.ensure(resource, intent, store)).toEqual({ outcome: 'created' });
  },
);

test('an object of somebody else is never taken over, neither from the cache nor in a race', async () => {
  const { store } = await follow(kinds.configMaps);
  const intent = (name: string): KubeObject =>
    ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace, name, ownerReferences: [owner] },
      data: { theirs: 'no' } as never,
    }) as KubeObject;
  await configMap('known', { theirs: 'yes' });
  await until(() => store.get({ namespace, name: 'known' }) !== undefined);
  expect(await restarted().ensure(kinds.configMaps, intent('known'), store)).toMatchObject({
    outcome: 'name-conflict',
  });

  // Ten races between a plain create and an apply, none of which the cache shows yet: whoever comes first, the object is
  // whole his.
  for (let race = 0; race < 10; race += 1) {
    const name = `raced-${race}`;
    const [theirs, ours] = await Promise.allSettled([
      configMap(name, { theirs: 'yes' }),
      restarted().ensure(kinds.configMaps, intent(name), store),
    ]);
    const live = await client.get(kinds.configMaps, { namespace, name });
    const mine = theirs.status === 'rejected';
    expect(live.data).toEqual({ theirs: mine ? 'no' : 'yes' });
    expect(live.metadata.ownerReferences?.length ?? 0).toBe(mine ? 1 : 0);
    expect(ours).toMatchObject({ value: { outcome: mine ? 'created' : 'name-conflict' } });
  }
});

test('an intent in another spelling than the API server stores costs one write, then none', async () => {
  const { store } = await follow(kinds.persistentVolumeClaims);
  const { resource, build } = children.find((child) => child.resource.kind === 'PersistentVolumeClaim') ?? children[0]!;
  const intent = build({ namespace, name: 'spelled', owner });
  const spelled = {
    ...intent,
    spec: { ...(intent as { spec?: object }).spec, resources: { requests: { storage: '1024Mi' } } },
  };
  expect(await restarted().ensure(resource, spelled, store)).toEqual({ outcome: 'created' });
  await until(() => store.get({ namespace, name: 'spelled' }) !== undefined);
  const applier = restarted();
  expect(await applier.ensure(resource, spelled, store)).toEqual({ outcome: 'updated' });
  expect(await applier.ensure(resource, spelled, store)).toEqual({ outcome: 'unchanged' });
});

test('quantities are spelled as the API server stores them', async () => {
  // A negative request is refused.
  const rows = storedQuantities.filter(([given]) => !given.startsWith('-'));
  const containers = rows.map(([given], n) => ({ name: `c${n}`, image: 'i', resources: { requests: { cpu: given } } }));
  const labels = { app: 'quantities' };
  await client.apply(kinds.deployments, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name: 'quantities' },
    spec: { replicas: 0, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  } as KubeObject);
  const live = await client.get(kinds.deployments, { namespace, name: 'quantities' });
  const stored = live.spec.template.spec.containers.map((container) => container.resources?.requests?.['cpu']);
  expect(stored).toEqual(rows.map(([given]) => canonicalQuantity(given)));
});
