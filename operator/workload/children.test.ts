import { expect, test } from 'vitest';
import { cachedMeta } from '#operator/kit/projection.ts';
import * as kinds from '#operator/kit/resources.ts';
import { type FoundChild, foreignChildren, NO_CHANGES, nameConflicts, orphanedChildren } from './children.ts';
import { modelBackends } from './customresources.ts';
import type { Owner } from './owner.ts';

const API_VERSION = 'mcpfleet.dev/v1alpha1';

const metadata = { namespace: 'team-a', name: 'llama', uid: 'now', resourceVersion: '1' };
const owner: Owner = {
  resource: modelBackends,
  metadata: cachedMeta({ apiVersion: API_VERSION, kind: 'ModelBackend', metadata }),
  workload: { application: 'model-backend', instance: 'llama' },
};

/** A Service with the name of a child, controlled by the ModelBackend of this name and uid. */
function found(ownerName: string | undefined, uid = 'now'): FoundChild {
  const reference = { apiVersion: API_VERSION, kind: 'ModelBackend', name: ownerName ?? '', uid, controller: true };
  const ownerReferences = ownerName === undefined ? [] : [reference];
  const object = { apiVersion: 'v1', kind: 'Service', metadata: { ...metadata, ownerReferences } };
  return { resource: kinds.services, object: { metadata: cachedMeta(object), ownedHash: '' } };
}

const service = { resource: kinds.services, intent: { apiVersion: 'v1', kind: 'Service', metadata } };
const wanted = { ...NO_CHANGES, foundations: [service] };

test.each([
  ['its own child', found('llama'), 0, 0],
  ['an object of nobody', found(undefined), 1, 1],
  ['an object of another', found('other', 'other'), 1, 1],
  ['what a deleted owner of its name left', found('llama', 'before'), 1, 0],
])('of %s as much is foreign and said to be a conflict', (_, child, foreign, conflicts) => {
  const strangers = foreignChildren(owner, wanted, [child]);
  expect(strangers).toHaveLength(foreign);
  expect(nameConflicts(owner, strangers)).toHaveLength(conflicts);
});

test('only what is ours and no longer wanted is an orphan', () => {
  expect(orphanedChildren(owner, wanted, [found('llama')])).toEqual([]);
  expect(orphanedChildren(owner, NO_CHANGES, [found('llama'), found(undefined), found('llama', 'before')])).toEqual([
    found('llama'),
  ]);
});
