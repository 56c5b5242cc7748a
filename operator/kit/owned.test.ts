import { describe, expect, test } from 'vitest';
import type { FieldsV1, KubeObject } from './object.ts';
import { intendedFields, intendedHash, ownedFields, ownedHash } from './owned.ts';

const us = 'mcp-fleet';

/** As Kubernetes v1.36 stored it after one apply, shortened; HPA and a sidecar injector wrote since. */
function live(path?: readonly (string | number)[], value?: unknown): KubeObject {
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'x',
      namespace: 'a',
      uid: 'u',
      resourceVersion: '7',
      labels: { app: 'x' },
      annotations: { 'deployment.kubernetes.io/revision': '1' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: 'o', controller: true }],
      managedFields: [
        {
          manager: us,
          operation: 'Apply',
          apiVersion: 'apps/v1',
          fieldsType: 'FieldsV1',
          fieldsV1: {
            'f:metadata': {
              'f:annotations': {},
              'f:labels': { 'f:app': {} },
              'f:ownerReferences': { 'k:{"uid":"o"}': {} },
            },
            'f:spec': {
              'f:paused': {},
              'f:selector': {},
              'f:template': {
                'f:spec': {
                  'f:containers': {
                    'k:{"name":"server"}': {
                      '.': {},
                      'f:args': {},
                      'f:env': { 'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
                      'f:image': {},
                      'f:name': {},
                      'f:ports': {
                        'k:{"containerPort":8080,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:name': {} },
                      },
                    },
                  },
                },
              },
            },
          },
        },
        {
          manager: 'kube-controller-manager',
          operation: 'Update',
          fieldsV1: { 'f:metadata': { 'f:annotations': { '.': {}, 'f:deployment.kubernetes.io/revision': {} } } },
        },
        { manager: us, operation: 'Apply', subresource: 'status', fieldsV1: { 'f:status': { 'f:phase': {} } } },
      ],
    },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'x' } },
      template: {
        spec: {
          restartPolicy: 'Always',
          containers: [
            { name: 'sidecar', image: 'mesh' },
            {
              name: 'server',
              image: 'i:1',
              args: ['-v', '1'],
              imagePullPolicy: 'Always',
              env: [{ name: 'A' }, { name: 'INJECTED', value: '1' }],
              ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
            },
          ],
        },
      },
    },
    status: { phase: 'Old' },
  };
  if (path !== undefined) put(object, path, value);
  return object;
}

const intent = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'x',
    namespace: 'a',
    labels: { app: 'x' },
    annotations: {},
    ownerReferences: [{ uid: 'o', controller: true, kind: 'X', name: 'x', apiVersion: 'v1' }],
  },
  spec: {
    paused: false,
    selector: { matchLabels: { app: 'x' } },
    template: {
      spec: {
        containers: [
          {
            ports: [{ name: 'http', containerPort: 8080 }],
            name: 'server',
            image: 'i:1',
            args: ['-v', '1'],
            env: [{ name: 'A', value: '' }],
            command: undefined,
          },
        ],
      },
    },
  },
} as unknown as KubeObject;

/** Sets the value at the path, or takes it out when there is none. */
function put(object: object, path: readonly (string | number)[], value: unknown): void {
  let node = object as Record<string | number, unknown>;
  for (const step of path.slice(0, -1)) node = node[step] as Record<string | number, unknown>;
  const last = path.at(-1) ?? '';
  if (Array.isArray(node) && value === undefined) node.splice(Number(last), 1);
  else if (value === undefined) delete node[last];
  else node[last] = value;
}

const container = ['spec', 'template', 'spec', 'containers', 1] as const;

test('what we applied is found again among defaults, injected items and foreign values', () => {
  expect(ownedFields(live(), us)).toEqual(intendedFields(intent));
  expect(ownedHash(live(), us)).toBe(intendedHash(intent));
});

describe('the hash does not change when somebody else', () => {
  test.each([
    ['scales', ['spec', 'replicas'], 9],
    ['adds a label', ['metadata', 'labels', 'theirs'], '1'],
    ['adds an annotation to our empty ones', ['metadata', 'annotations', 'more'], '1'],
    ['adds an environment variable', [...container, 'env', 2], { name: 'B', value: '2' }],
    ['writes the status', ['status', 'phase'], 'New'],
  ])('%s', (_title, path, value) => {
    expect(ownedHash(live(path, value), us)).toBe(intendedHash(intent));
  });
});

describe('the hash changes when', () => {
  test.each([
    ['a value we own is another', [...container, 'image'], 'i:2'],
    ['an Update took a field from us', ['metadata', 'managedFields', 0, 'fieldsV1', 'f:spec', 'f:paused'], undefined],
    ['an atomic list is another', [...container, 'args', 2], 'x'],
    ['an atomic map gained a key', ['spec', 'selector', 'matchLabels', 'b'], 'c'],
    ['an item of ours is gone', [...container, 'ports', 0], undefined],
    ['the owner reference is another', ['metadata', 'ownerReferences', 0, 'controller'], false],
    ['our entry is gone', ['metadata', 'managedFields', 0], undefined],
  ])('%s', (_title, path, value) => {
    expect(ownedHash(live(path, value), us)).not.toBe(intendedHash(intent));
  });

  test('the intent drops a field that holds a zero value', () => {
    const { paused: _, ...spec } = (intent as unknown as { spec: Record<string, unknown> }).spec;
    expect(ownedHash(live(), us)).not.toBe(intendedHash({ ...intent, spec } as KubeObject));
  });

  test('a map-list of ours is in another order', () => {
    const of = (names: readonly string[]): KubeObject => {
      const keys = Object.fromEntries(['a', 'b'].map((name) => [`k:{"name":"${name}"}`, { '.': {}, 'f:name': {} }]));
      return {
        apiVersion: 'v1',
        kind: 'X',
        metadata: { name: 'x', managedFields: [{ manager: us, operation: 'Apply', fieldsV1: { 'f:items': keys } }] },
        items: names.map((name) => ({ name })),
      } as unknown as KubeObject;
    };
    expect(ownedHash(of(['a', 'b']), us)).toBe(ownedHash(of(['a', 'foreign', 'b']), us));
    expect(ownedHash(of(['a', 'b']), us)).not.toBe(ownedHash(of(['b', 'a']), us));
  });
});

test('set items and indices are taken by value and by place', () => {
  const fieldsV1: FieldsV1 = { 'f:metadata': { 'f:finalizers': { 'v:"ours"': {} } }, 'f:list': { 'i:1': {} } };
  const metadata = {
    name: 'x',
    finalizers: ['theirs', 'ours'],
    managedFields: [{ manager: us, operation: 'Apply', fieldsV1 }],
  };
  const object = { apiVersion: 'v1', kind: 'X', metadata, list: ['a', 'b'] } as unknown as KubeObject;
  expect(ownedFields(object, us)).toEqual({ metadata: { finalizers: ['ours'] }, list: ['b'] });
});

test('the status we applied is told apart by its sub-resource, and a stranger owns nothing', () => {
  expect(ownedFields(live(), us, 'status')).toEqual({ status: { phase: 'Old' } });
  expect(ownedFields(live(), 'kubectl')).toBeUndefined();
  expect(ownedHash(live(), 'kubectl')).toBe('');
});
