/** From two manifests to a tool call through the ingress, by every client, and what happens when the model goes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectClassic, connectModern, type McpClient, post, toResult } from './clients.ts';
import { conditionOf } from './fleet.ts';
import { ASKS_TINY, exposedIn, mcpServer, ON_FAKE_NODES, tinyModel } from './manifests.ts';
import { incarnation, podsOf } from './pods.ts';
import { until } from './until.ts';
import { ingressUrl, read, untilCondition, useWorld } from './world.ts';

const world = useWorld('journey');
let url: string;

const server = () =>
  mcpServer('assistant', {
    ...ASKS_TINY,
    ...exposedIn(world.namespace),
    storage: { type: 'Embedded' },
  });

test('a model and a server become Ready, the server within 10 s', async () => {
  await world.kube.apply(tinyModel('tiny'));
  await untilCondition(world, 'modelbackends', 'tiny', { type: 'Ready', status: 'True', reason: 'Serving' }, 60_000);
  const began = performance.now();
  await world.kube.apply(server());
  await untilCondition(world, 'mcpservers', 'assistant', { type: 'Ready', status: 'True' }, 30_000);
  expect(performance.now() - began).toBeLessThan(10_000);
  url = await ingressUrl(world, 'assistant');
});

test('status says where the server is, what it can do and what it uses', async () => {
  const { status } = await read(world, 'mcpservers', 'assistant');
  expect(status?.url).toBe(`http://${world.namespace}.localhost/mcp`);
  expect(status?.tools?.map((tool) => tool.name)).toContain('create_task');
  expect(status?.tools?.every((tool) => /^sha256:[0-9a-f]{64}$/.test(tool.hash))).toBe(true);
  expect(status?.backends).toEqual([{ name: 'tiny', ready: true, reason: 'Serving', models: ['tiny'] }]);
  expect(status?.['protocol']).toMatchObject({ serverName: 'assistant' });
});

describe.each([
  ['the 2.x SDK, modern', () => connectModern(url, 'auto')],
  ['the 2.x SDK, legacy', () => connectModern(url, 'legacy')],
  ['the 1.x SDK', () => connectClassic(url)],
])('%s', (name, connecting) => {
  let client: McpClient;
  beforeAll(async () => {
    client = await connecting();
  });
  afterAll(() => client.close());

  test('creates a task and finds it again', async () => {
    const created = await client.callTool('create_task', { title: `made by ${name}`, priority: 'high' });
    expect(created.isError).toBe(false);
    const { id } = created.structured['task'] as { id: string };
    expect(id).toMatch(/^TASK-\d{4,}$/);
    const found = await client.callTool('get_task', { task_id: id });
    expect(found.text).toContain(`made by ${name}`);
    expect(await client.readResource('tasks://all')).toContain(id);
  });

  test('gets an analysis that the real model made', async () => {
    const { structured, isError } = await client.callTool('analyze_workload', { time_horizon: 'day' });
    expect(isError).toBe(false);
    expect(structured).toMatchObject({ status: 'ok', model: expect.stringContaining('tiny'), time_horizon: 'day' });
    expect(['manageable', 'heavy', 'overloaded']).toContain(structured['assessment']);
  });
});

test('plain HTTP is enough to call a tool', async () => {
  const { status, body } = await post(url, 'tools/call', { name: 'list_tasks', arguments: {} });
  expect(status).toBe(200);
  const { result } = body as { result: Parameters<typeof toResult>[0] };
  expect(toResult(result).structured['count']).toBeGreaterThan(0);
});

test('without its model the server says so within 10 s, answers degraded, and everything else works', async () => {
  const before = incarnation(await podsOf(world, 'assistant'));
  await world.kube.run(['scale', 'modelbackend', 'tiny', '--replicas=0']);
  const degraded = await untilCondition(
    world,
    'mcpservers',
    'assistant',
    { type: 'BackendsReady', status: 'False' },
    10_000,
  );
  expect(conditionOf(degraded, 'Degraded')).toMatchObject({ status: 'True', reason: 'BackendsUnavailable' });
  expect(conditionOf(degraded, 'Ready')?.status).toBe('True');

  const client = await connectModern(url);
  try {
    const analysis = await until('a degraded answer', 10_000, async () => {
      const { structured } = await client.callTool('analyze_workload', {});
      return structured['status'] === 'degraded' ? structured : undefined;
    });
    expect(analysis['summary']).toMatchObject({ total: expect.any(Number) });
    expect(analysis['error']).toEqual(expect.any(String));
    expect((await client.callTool('create_task', { title: 'without a model' })).isError).toBe(false);

    await world.kube.run(['scale', 'modelbackend', 'tiny', '--replicas=1']);
    await untilCondition(world, 'mcpservers', 'assistant', { type: 'Degraded', status: 'False' }, 30_000);
    await until('an answer of the model', 10_000, async () => {
      const { structured } = await client.callTool('analyze_workload', {});
      return structured['status'] === 'ok';
    });
  } finally {
    await client.close();
  }
  expect(incarnation(await podsOf(world, 'assistant'))).toBe(before);
});

describe('deleting', () => {
  const kinds =
    'deployments,services,configmaps,secrets,serviceaccounts,roles,rolebindings,ingresses,horizontalpodautoscalers,poddisruptionbudgets,pods,persistentvolumeclaims';

  /** What is there of an McpServer or ModelBackend, once it is no more than `count` objects. */
  const untilLeft = (instance: string, count: number) =>
    until(`the children of ${instance} are gone`, 60_000, async () => {
      const selector = `app.kubernetes.io/instance=${instance}`;
      const objects = await world.kube.list<{ kind: string; metadata: { name: string } }>(kinds, selector);
      return objects.length > count ? undefined : objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    });

  test('a server leaves nothing but its retained volume', async () => {
    await world.kube.delete('mcpserver', 'assistant');
    expect(await untilLeft('assistant', 1)).toEqual(['PersistentVolumeClaim/assistant-data']);
  });

  test('a backend leaves nothing', async () => {
    await world.kube.delete('modelbackend', 'tiny');
    expect(await untilLeft('tiny', 0)).toEqual([]);
  });

  test('a backend with a cache leaves nothing but that', async () => {
    const source = { uri: 'hf://acme/large' };
    const managed = { engine: 'VLLM', source, cache: { size: '1Gi' }, ...ON_FAKE_NODES };
    await world.kube.apply(tinyModel('cached', managed));
    await until('its pod', 20_000, async () => (await podsOf(world, 'cached')).length > 0);
    await world.kube.delete('modelbackend', 'cached');
    expect(await untilLeft('cached', 1)).toEqual(['PersistentVolumeClaim/cached-cache']);
  });
});
