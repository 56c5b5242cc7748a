import { expect, test } from 'vitest';
import { containerResources, placement } from './placement.ts';

const gpu = { resourceName: 'nvidia.com/gpu', count: 2 };

test('without wishes a pod has no placement at all', () => {
  expect(placement(undefined, undefined)).toEqual({});
  expect(placement({ nodeSelector: {}, tolerations: [], topologySpreadConstraints: [] }, gpu)).toEqual({});
});

test('an accelerator adds its node and its tolerations, and wins on the same label', () => {
  const toleration = { key: 'gpu', operator: 'Exists', value: undefined } as const;
  const joined = placement(
    { nodeSelector: { zone: 'a', gpu: 'any' }, tolerations: [{ key: 'dedicated', operator: 'Exists' }] },
    { ...gpu, nodeSelector: { gpu: 'L4' }, tolerations: [toleration] },
  );
  expect(joined).toStrictEqual({
    nodeSelector: { zone: 'a', gpu: 'L4' },
    tolerations: [
      { key: 'dedicated', operator: 'Exists' },
      { key: 'gpu', operator: 'Exists' },
    ],
  });
});

test('devices are limits, and quantities are spelled as the API server stores them', () => {
  expect(containerResources({ requests: { cpu: '0.5', memory: '1024Mi' }, limits: {} }, gpu)).toEqual({
    requests: { cpu: '500m', memory: '1Gi' },
    limits: { 'nvidia.com/gpu': '2' },
  });
  expect(containerResources({})).toEqual({});
});
