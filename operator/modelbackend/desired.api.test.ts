/**
 * On a real API server: children are stored in the very spelling in which they are sent, so that a converged engine
 * costs no write, and their pods are let in where only restricted ones are.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { fieldManager } from '#operator/kit/client.ts';
import { loadKubeconfig } from '#operator/kit/kubeconfig.ts';
import { apiVersionOf, type KubeObject } from '#operator/kit/object.ts';
import { intendedFields, ownedFields } from '#operator/kit/owned.ts';
import * as kinds from '#operator/kit/resources.ts';
import { createClient, type RestClient } from '#operator/kit/rest-client.ts';
import type { Deployment, Pod } from '#operator/kit/wire.ts';
import { desired } from './desired.ts';
import { references } from './references.ts';
import { cached, NOTHING } from './testing/fixtures.ts';
import { SPECS } from './testing/specs.ts';

const namespace = `modelbackend-${randomUUID().slice(0, 8)}`;
let client: RestClient;

beforeAll(async () => {
  client = createClient({ config: await loadKubeconfig(inject('cluster').kubeconfig) });
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await client.create(kinds.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } });
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name: 'default' } };
  await client.create(kinds.serviceAccounts, account);
});

afterAll(async () => {
  await client.delete(kinds.namespaces, { namespace: '', name: namespace });
  await client.close();
});

describe.each(SPECS)('%s', (name, object) => {
  const backend = cached(object);
  const found = references(backend.spec).map((reference) => ({ ...reference, state: 'Found', version: '' }) as const);
  const { foundations, volume, workload } = desired(backend, { ...NOTHING, references: found });
  const claims = volume === undefined ? [] : [{ resource: kinds.persistentVolumeClaims, intent: volume }];
  const children = [...foundations, ...claims, ...workload];

  test.each(children.map((child) => [child.resource.kind, child] as const))('%s', async (_, { resource, intent }) => {
    const sent: KubeObject = { ...intent, metadata: { ...intent.metadata, namespace, name } };
    await client.apply(resource, sent);
    const live = await client.get(resource, { namespace, name });
    expect(ownedFields(live, fieldManager)).toEqual(intendedFields(sent));
  });

  test('Pod', async () => {
    const { intent } = workload.find(({ resource }) => resource.kind === kinds.deployments.kind) ?? {};
    // Classes are not looked up here: this API server has none.
    const { priorityClassName: _, runtimeClassName: __, ...spec } = (intent as Deployment).spec.template.spec;
    const pod: Pod = { apiVersion: apiVersionOf(kinds.pods), kind: 'Pod', metadata: { namespace, name }, spec };
    expect(await client.create(kinds.pods, pod)).toMatchObject({ metadata: { name } });
  });
});
