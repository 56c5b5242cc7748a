import { expect, test } from 'vitest';
import type { Cached } from './object.ts';
import { Store, type StoreEvent } from './store.ts';

interface Thing extends Cached {
  readonly secret: string;
}

function thing(
  name: string,
  resourceVersion: number,
  more: { namespace?: string; owner?: string; secret?: string } = {},
): Thing {
  const owner = { apiVersion: 'v1', kind: 'X', name: 'x', uid: more.owner ?? '', controller: true };
  return {
    secret: more.secret ?? '',
    metadata: {
      namespace: more.namespace ?? 'a',
      name,
      uid: `uid-${name}`,
      resourceVersion: String(resourceVersion),
      generation: 1,
      creationTimestamp: '',
      labels: {},
      annotations: {},
      ownerReferences: more.owner === undefined ? [] : [owner],
    },
  };
}

const key = { namespace: 'a', name: 'x' };

test('a version never goes back, however large the numbers', () => {
  const store = new Store<Thing>();
  expect(store.upsert(thing('x', 10_000_000_000))).toBe(true);
  expect(store.upsert(thing('x', 9_999_999_999, { secret: 'old' }))).toBe(false);
  expect(store.remove(key, '9999999998')).toBe(false);
  expect(store.get(key)?.secret).toBe('');
  expect(store.remove(key, '10000000001')).toBe(true);
  expect(store.size).toBe(0);
});

test('indices and owners follow changes', () => {
  const store = new Store<Thing>({ indices: { secret: (object) => [object.secret] } });
  store.upsert(thing('x', 1, { owner: 'o', secret: 's' }));
  store.upsert(thing('y', 2, { owner: 'o', secret: 's' }));
  expect(store.byIndex('secret', 's').map(({ metadata }) => metadata.name)).toEqual(['x', 'y']);
  store.upsert(thing('x', 3, { owner: 'p', secret: 't' }));
  expect(store.byIndex('secret', 's').map(({ metadata }) => metadata.name)).toEqual(['y']);
  expect(store.ownedBy('p')).toEqual([store.get(key)]);
  store.remove(key, '4');
  expect(store.ownedBy('p')).toEqual([]);
  expect(() => store.byIndex('typo', 's')).toThrow('no index named typo');
});

test('a list drops what it does not name, in its own namespace only, but nothing newer than itself', () => {
  const store = new Store<Thing>();
  for (const [name, version] of [
    ['x', 1],
    ['y', 2],
    ['newer', 9],
  ] as const)
    store.upsert(thing(name, version));
  store.upsert(thing('x', 3, { namespace: 'b' }));
  store.retain('a', new Set(['a/y']), '5');
  expect([...store.values()].map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)).toEqual([
    'a/y',
    'a/newer',
    'b/x',
  ]);
});

test('the store says how far it has seen, per namespace or everywhere', () => {
  const store = new Store<Thing>();
  expect(store.caughtUpTo('a', '5')).toBe(false);
  store.advance('a', '5');
  store.advance('a', '4');
  expect([store.caughtUpTo('a', '5'), store.caughtUpTo('a', '6'), store.caughtUpTo('b', '1')]).toEqual([
    true,
    false,
    false,
  ]);
  const all = new Store<Thing>();
  all.advance('', '7');
  expect(all.caughtUpTo('b', '7')).toBe(true);
});

test('subscribers hear of each change with what was before, until they leave', () => {
  const store = new Store<Thing>();
  const heard: StoreEvent<Thing>[] = [];
  const leave = store.subscribe((event) => heard.push(event));
  store.upsert(thing('x', 1));
  store.upsert(thing('x', 2, { secret: 's' }));
  store.remove(key, '3');
  leave();
  store.upsert(thing('x', 4));
  expect(heard.map((event) => [event.type, event.object.metadata.resourceVersion])).toEqual([
    ['added', '1'],
    ['modified', '2'],
    ['deleted', '2'],
  ]);
  expect(heard[1]).toMatchObject({ previous: { metadata: { resourceVersion: '1' } } });
});

test('a frozen store refuses writes into the cache', () => {
  const store = new Store<Thing>({ frozen: true });
  store.upsert(thing('x', 1));
  expect(() => Object.assign(store.get(key)?.metadata.labels ?? {}, { a: 'b' })).toThrow(TypeError);
});
