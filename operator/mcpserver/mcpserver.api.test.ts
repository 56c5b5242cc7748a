/**
 * The controller on a real API server: what it sends is stored in the very spelling in which it was sent, a new process
 * finds nothing to write, and an autoscaler takes the number of pods over without a gap. There are no pods here.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { parse } from 'yaml';
import { type McpServerInput, mcpServer as mcpServerKind } from '#crds/mcpserver-status.ts';
import { modelBackend as modelBackendKind } from '#crds/modelbackend-status.ts';
import { crdYaml } from '#crds/outputs.ts';
import { fieldManager } from '#operator/kit/client.ts';
import { systemClock } from '#operator/kit/clock.ts';
import { isNotFound } from '#operator/kit/errors.ts';
import { loadKubeconfig } from '#operator/kit/kubeconfig.ts';
import type { Key, KubeObject, Resource } from '#operator/kit/object.ts';
import { intendedFields, ownedFields } from '#operator/kit/owned.ts';
import { customProjection } from '#operator/kit/projection.ts';
import * as kinds from '#operator/kit/resources.ts';
import { createClient, type RestClient } from '#operator/kit/rest-client.ts';
import type { CustomObject } from '#operator/kit/wire.ts';
import { mcpServers } from '#operator/workload/customresources.ts';
import { PATIENCE_MS } from '#operator/workload/statuswriter.ts';
import type { Operator } from '#operator/workload/testing/operator.ts';
import { usedBackends } from './backends.ts';
import { conformanceJob, jobs } from './conformance/job.ts';
import { desired } from './desired.ts';
import { mcpServer, NOTHING, OPTIONS } from './testing/fixtures.ts';
import { type McpProxy, startMcpProxy } from './testing/mcp-proxy.ts';
import { startOperator } from './testing/operator.ts';
import { EPHEMERAL_GPU, LARGE, MINIMAL } from './testing/specs.ts';

const namespace = `mcpserver-${randomUUID().slice(0, 8)}`;
let client: RestClient;
let stranger: RestClient;
let proxy: McpProxy;
let operator: Operator;

const definitions: Resource<CustomObject<unknown, { conditions?: readonly never[] }>> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

const text = async (key: Key) => JSON.stringify(await client.get(definitions, key));

beforeAll(async () => {
  const config = await loadKubeconfig(inject('cluster').kubeconfig);
  client = createClient({ config });
  stranger = createClient({ config, fieldManager: 'somebody-else' });
  for (const kind of [mcpServerKind, modelBackendKind]) {
    await stranger.apply(definitions, parse(crdYaml(kind)) as KubeObject);
    const name = `${kind.plural}.mcpfleet.dev`;
    const established = async () => expect(await text({ namespace: '', name })).toContain('"type":"Established"');
    await vi.waitFor(established, { timeout: 10_000 });
  }
  await stranger.create(kinds.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  for (const name of ['db', 'env', 'much-more', 'redis', 'tokens']) {
    const data = { url: 'eA==', k: 'eA==', signing: 'eA==', admin: 'eA==' };
    await stranger.create(kinds.secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, data });
  }
  for (const name of ['more', 'review']) {
    await stranger.create(kinds.configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name } });
  }
  await stranger.create(kinds.persistentVolumeClaims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace, name: 'papers' },
    spec: { accessModes: ['ReadOnlyMany'], resources: { requests: { storage: '1Gi' } } },
  });
  proxy = await startMcpProxy();
  operator = startOperator({ config, proxy: proxy.url, clock: systemClock, namespaces: [namespace] });
  await operator.synced;
});

afterAll(async () => {
  await operator.stop();
  await proxy[Symbol.asyncDispose]();
  await stranger.delete(kinds.namespaces, { namespace: '', name: namespace });
  await client.close();
  await stranger.close();
});

async function find<T extends KubeObject>(resource: Resource<T>, key: Key): Promise<T | undefined> {
  try {
    return await client.get(resource, key);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

const apply = (name: string, spec: Partial<McpServerInput['spec']>) => {
  const { apiVersion, kind } = mcpServer();
  const intent = { apiVersion, kind, metadata: { namespace, name }, spec: { toolsets: [{ name: 'tasks' }], ...spec } };
  return stranger.apply(mcpServers, intent);
};

const accepted = async (name: string): Promise<string | undefined> => {
  const { status } = await client.get(mcpServers, { namespace, name });
  return status?.conditions?.find(({ type }) => type === 'Accepted')?.status;
};

test.each([
  ['minimal', MINIMAL],
  ['large', LARGE],
  ['ephemeral-gpu', EPHEMERAL_GPU],
])('the children of a %s server are stored as they were sent', async (name, spec) => {
  await apply(name, spec);
  await expect.poll(() => accepted(name), { timeout: 10_000 }).toBeDefined();
  const server = customProjection(await client.get(mcpServers, { namespace, name }));
  const backends = usedBackends(server.spec, []);
  const plan = desired(server, { ...NOTHING, backends }, OPTIONS);
  // The key is another one each time.
  const children = [...plan.foundations, ...plan.workload].filter(({ createOnly }) => createOnly !== true);
  if (plan.volume !== undefined) children.push({ resource: kinds.persistentVolumeClaims, intent: plan.volume });
  for (const { resource, intent } of children) {
    const live = await client.get(resource, { namespace, name: intent.metadata.name });
    expect(withoutHash(ownedFields(live, fieldManager))).toEqual(withoutHash(intendedFields(intent)));
  }
});

test('the Job of an examination is taken as it is sent, and may be named for the longest name', async () => {
  const name = 'a'.repeat(50);
  await apply(name, { ...MINIMAL, suspended: true });
  const server = customProjection(await client.get(mcpServers, { namespace, name }));
  const job = conformanceJob(server, { request: '1', image: 'suite:1', examined: 'server:1' });
  await client.apply(jobs, job);
  const live = await client.get(jobs, { namespace, name: job.metadata.name });
  expect(ownedFields(live, fieldManager)).toEqual(intendedFields(job));
  expect(live.spec.template.metadata.labels).toMatchObject({ 'batch.kubernetes.io/job-name': job.metadata.name });
});

/** The hash counts the versions of the Secrets, which this test does not know. */
const withoutHash = (fields: unknown): unknown =>
  JSON.parse(JSON.stringify(fields), (name, value: unknown) => (name === 'mcpfleet.dev/config-hash' ? '' : value));

test('a new operator finds nothing to write', async () => {
  const versions = async (): Promise<unknown> => {
    const lists = [kinds.deployments, kinds.services, kinds.configMaps, kinds.secrets, kinds.roles, mcpServers];
    const found = await Promise.all(lists.map((resource) => client.list(resource as Resource, { namespace })));
    return found.flatMap(({ items }) =>
      items.map(({ kind, metadata }) => [kind, metadata.name, metadata.resourceVersion]),
    );
  };
  // Without pods every change of the status is a verdict, which waits for others no longer than this.
  const settle = () => new Promise((resolve) => setTimeout(resolve, 2 * PATIENCE_MS.verdict));
  await settle();
  const before = await versions();
  await operator.stop();
  const config = await loadKubeconfig(inject('cluster').kubeconfig);
  operator = startOperator({ config, proxy: proxy.url, clock: systemClock, namespaces: [namespace] });
  await operator.synced;
  await settle();
  expect(await versions()).toEqual(before);
});

test('an autoscaler takes the number of pods over as it is, and gives it back', async () => {
  const key = { namespace, name: 'scaled' };
  const postgres = { storage: { type: 'Postgres', postgres: { urlSecretRef: { name: 'db', key: 'url' } } } } as const;
  const replicas = async () => (await find(kinds.deployments, key))?.spec.replicas;
  await apply('scaled', { ...postgres, replicas: 3 });
  await expect.poll(replicas).toBe(3);
  const seen = new Set<number | undefined>();
  const stop = new AbortController();
  const watching = (async () => {
    while (!stop.signal.aborted) seen.add(await replicas());
  })();
  await apply('scaled', { ...postgres, autoscaling: { maxReplicas: 9 } });
  await expect.poll(() => find(kinds.horizontalPodAutoscalers, key)).toBeDefined();
  await stranger.patch(kinds.deployments, key, { spec: { replicas: 7 } }, { subresource: 'scale' });
  await apply('scaled', { ...postgres, autoscaling: { maxReplicas: 9 }, telemetry: { logLevel: 'debug' } });
  await expect
    .poll(async () => (await find(kinds.configMaps, { namespace, name: 'scaled-config' }))?.data?.['server.yaml'])
    .toContain('debug');
  await expect.poll(async () => (await find(mcpServers, key))?.status?.observedGeneration, { timeout: 8000 }).toBe(3);
  stop.abort();
  await watching;
  expect([...seen]).toEqual([3, 7]);
  await apply('scaled', { ...postgres, replicas: 2 });
  await expect.poll(replicas).toBe(2);
});

test('a claim can be neither shrunk nor moved, and the server says so', async () => {
  const claim = { namespace, name: 'shrinking-data' };
  const sized = (size: string) => ({ storage: { type: 'Embedded', embedded: { size } } }) as const;
  await apply('shrinking', sized('2Gi'));
  await expect.poll(() => find(kinds.persistentVolumeClaims, claim)).toBeDefined();
  await apply('shrinking', sized('1Gi'));
  await expect.poll(() => accepted('shrinking'), { timeout: 8000 }).toBe('False');
  await apply('shrinking', sized('2Gi'));
  await expect.poll(() => accepted('shrinking'), { timeout: 8000 }).toBe('True');
});
