import { expect, test } from 'vitest';
import type { KubeObject } from './object.ts';
import { seizedFields } from './seize.ts';

const entry = (manager: string, operation: string, fieldsV1: object, more: object = {}): object => ({
  manager,
  operation,
  fieldsV1,
  ...more,
});
const object = (...managedFields: object[]): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'x', managedFields },
});

test('what others put into the body becomes ours; metadata, status and sub-resources stay theirs', () => {
  const ours = entry('us', 'Apply', { 'f:spec': { 'f:ports': { 'k:{"port":80}': { '.': {} } } } });
  const scale = entry('hpa', 'Update', { 'f:spec': { 'f:replicas': {} } }, { subresource: 'scale' });
  const theirs = entry('kubectl', 'Update', {
    'f:metadata': { 'f:labels': { 'f:a': {} } },
    'f:spec': { 'f:ports': { 'k:{"port":81}': { '.': {}, 'f:name': {} } } },
  });
  const only = entry('other', 'Update', { 'f:data': { 'f:x': {} } });
  expect(seizedFields(object(ours, scale, theirs, only), 'us')).toEqual([
    entry('us', 'Apply', {
      'f:spec': { 'f:ports': { 'k:{"port":80}': { '.': {} }, 'k:{"port":81}': { '.': {}, 'f:name': {} } } },
      'f:data': { 'f:x': {} },
    }),
    scale,
    entry('kubectl', 'Update', { 'f:metadata': { 'f:labels': { 'f:a': {} } } }),
  ]);
});

test('there is nothing to take from nobody, and nothing to add it to when we own nothing', () => {
  const ours = entry('us', 'Apply', { 'f:spec': {} });
  expect(seizedFields(object(ours, entry('x', 'Update', { 'f:metadata': {} })), 'us')).toBeUndefined();
  expect(seizedFields(object(entry('x', 'Update', { 'f:spec': {} })), 'us')).toBeUndefined();
});
