import { expect, test } from 'vitest';
import type { Cached } from './object.ts';
import {
  annotationsChanged,
  changed,
  deletionStarted,
  generationChanged,
  labelsChanged,
  replaced,
  statusChanged,
} from './predicates.ts';
import { STORED } from './testing/metadata.ts';

const object: Cached & { readonly status: object } = {
  status: { ready: 1 },
  metadata: { ...STORED, namespace: 'a', name: 'x', uid: 'u', generation: 1, labels: { a: 'b' } },
};
const edited = (metadata: Partial<Cached['metadata']>): typeof object => ({
  ...object,
  metadata: { ...object.metadata, ...metadata },
});

test.each([
  ['generation', generationChanged, edited({ generation: 2 })],
  ['labels', labelsChanged, edited({ labels: { a: 'c' } })],
  ['a removed label', labelsChanged, edited({ labels: {} })],
  ['annotations', annotationsChanged, edited({ annotations: { a: 'b' } })],
  ['deletion', deletionStarted, edited({ deletionTimestamp: 'now' })],
  ['replacement', replaced, edited({ uid: 'v' })],
  ['status', statusChanged, { ...object, status: { ready: 2 } }],
  ['a picked field', changed<Cached>(({ metadata }) => metadata.generation), edited({ generation: 2 })],
] as const)('%s passes when it changed and only then', (_what, passes, next) => {
  const predicate = passes as (a: typeof object, b: typeof object) => boolean;
  expect(predicate(object, next)).toBe(true);
  expect(predicate(object, edited({ resourceVersion: '8' }))).toBe(false);
});
