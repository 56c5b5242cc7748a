import { expect, test } from 'vitest';
import type { FieldsV1, ManagedFieldsEntry } from '#operator/kit/object.ts';
import { projectDeployment } from './deployment.ts';
import { projectSecret, projectService } from './informers.ts';

const metadata = { name: 'x', namespace: 'a', uid: 'u', resourceVersion: '1', generation: 2 };

test('of a Secret the names of its keys are kept, and never a value', () => {
  const cached = projectSecret({ apiVersion: 'v1', kind: 'Secret', metadata, data: { token: 'c2VjcmV0' } });
  expect(cached.keys).toEqual(['token']);
  expect(JSON.stringify(cached)).not.toContain('c2VjcmV0');
  expect(projectSecret({ apiVersion: 'v1', kind: 'Secret', metadata }).keys).toEqual([]);
});

test('where metadata alone came in, nothing is known of the keys', () => {
  const partial = { apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata', metadata };
  expect(projectSecret(partial)).not.toHaveProperty('keys');
});

test('of a Service its address and ports are kept', () => {
  const spec = { clusterIP: '10.0.0.1', ports: [{ port: 80 }] };
  expect(projectService({ apiVersion: 'v1', kind: 'Service', metadata, spec })).toMatchObject({
    clusterIP: '10.0.0.1',
    ports: [80],
  });
});

test('a Deployment tells who set its number of pods, and whether its figures are of today', () => {
  const managed = (fields: FieldsV1): readonly ManagedFieldsEntry[] => [
    { manager: 'mcp-fleet', operation: 'Apply', fieldsV1: { 'f:spec': fields } },
    { manager: 'autoscaler', operation: 'Update', subresource: 'scale', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
  ];
  const deployment = (fields: FieldsV1, observedGeneration: number) =>
    projectDeployment({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { ...metadata, managedFields: managed(fields) },
      spec: { replicas: 4, selector: {}, template: { metadata: { labels: {} }, spec: { containers: [] } } },
      status: { observedGeneration, replicas: 3, updatedReplicas: 2, availableReplicas: 1 },
    });
  expect(deployment({ 'f:replicas': {} }, 2)).toMatchObject({ replicas: 4, ownsReplicas: true, observed: true });
  expect(deployment({ 'f:selector': {} }, 1)).toMatchObject({ ownsReplicas: false, observed: false, total: 3 });
});
