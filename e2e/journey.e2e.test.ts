/** From two manifests to a tool call through the ingress, by every client, and what happens when the model goes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectClassic, connectModern, type McpClient, post, toResult } from './clients.ts';
import { conditionOf } from './fleet.ts';
import { ingressUrl, mcpServer, openWorld, read, tinyModel, until, untilCondition, type World } from './world.ts';

let world: World;
let url: string;

beforeAll(async () => {
  world = await openWorld('journey');
});
afterAll(() => world[Symbol.asyncDispose]());

const server = () =>
  mcpServer('assistant', {
    toolsets: [{ name: 'tasks', config: { route: 'default-chat' } }],
    backends: { names: ['tiny'] },
    inference: { routes: [{ name: 'default-chat', targets: [{ backend: 'tiny', model: 'tiny' }] }] },
    exposure: { type: 'Ingress', host: `${world.namespace}.localhost` },
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
  const pods = async () =>
    (await world.kube.list<{ metadata: { name: string } }>('pods', 'app.kubernetes.io/instance=assistant')).map(
      (pod) => pod.metadata.name,
    );
  const before = await pods();
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
  expect(await pods()).toEqual(before);
});

test('deleting the server leaves nothing but its retained volume', async () => {
  await world.kube.delete('mcpserver', 'assistant');
  const kinds =
    'deployments,services,configmaps,secrets,serviceaccounts,roles,rolebindings,ingresses,horizontalpodautoscalers,poddisruptionbudgets,pods,persistentvolumeclaims';
  const left = await until('the children are gone', 60_000, async () => {
    const objects = await world.kube.list<{ kind: string; metadata: { name: string } }>(
      kinds,
      'app.kubernetes.io/instance=assistant',
    );
    const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    return names.length <= 1 ? names : undefined;
  });
  expect(left).toEqual(['PersistentVolumeClaim/assistant-data']);
});
