/** Who owns the number of pods: an autoscaler, or a person, or the spec; and many pods that act as one server. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectClassic, connectModern, type McpClient } from './clients.ts';
import { exposedIn, IN_POSTGRES, mcpServer, ON_FAKE_NODES, tinyModel } from './manifests.ts';
import { evict, isReady, type Pod, podsOf } from './pods.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { until } from './until.ts';
import { ingressUrl, read, untilCondition, useWorld } from './world.ts';

const world = useWorld('scaling', 'processes', 'ingress', 'kwok');
let postgres: Postgres | undefined;

beforeAll(async () => {
  if (!world.possible) return;
  postgres = await startPostgres(world);
});
afterAll(async () => {
  await postgres?.[Symbol.asyncDispose]();
});

const onFakeNodes = { ...IN_POSTGRES, ...ON_FAKE_NODES };
const autoscaling = { minReplicas: 2, maxReplicas: 8, cpu: 100 };

interface Deployment {
  readonly spec: { readonly replicas: number; readonly template: object };
}

const deployment = (name: string): Promise<Deployment | undefined> => world.kube.find<Deployment>('deployment', name);
const replicasOf = async (name: string): Promise<number | undefined> => (await deployment(name))?.spec.replicas;
const untilReplicas = (name: string, count: number) =>
  until(`${name} with ${count} pods`, 30_000, async () => (await replicasOf(name)) === count);

type Make = (scale: Readonly<Record<string, unknown>>, mark: string) => object;

const server =
  (name: string): Make =>
  (scale, mark) =>
    mcpServer(name, { ...onFakeNodes, ...scale, podTemplate: { env: [{ name: 'MARK', value: mark }] } });
const engine =
  (name: string): Make =>
  (scale, mark) =>
    tinyModel(name, { ...ON_FAKE_NODES, ...scale, env: [{ name: 'MARK', value: mark }] });

/** Applies what carries the mark and waits until it is in the Deployment: then the operator has written that. */
async function applied(name: string, manifest: object, mark: string): Promise<void> {
  await world.kube.apply(manifest);
  await until(mark, 10_000, async () => JSON.stringify((await deployment(name))?.spec.template).includes(`"${mark}"`));
}

test('where an autoscaler owns the number of pods, neither its number nor that of kubectl scale is reverted', async () => {
  const make = server('elastic');
  await world.kube.apply(make({ autoscaling }, 'first'));
  await untilReplicas('elastic', 2); // the Deployment begins with 1, and the autoscaler raises it to its minimum
  await world.kube.run(['scale', 'deployment', 'elastic', '--replicas=5']);
  await applied('elastic', make({ autoscaling }, 'after the scale'), 'after the scale');
  expect(await replicasOf('elastic')).toBe(5);

  // What the autoscaler's controller does when load rises.
  const raised = { autoscaling: { ...autoscaling, minReplicas: 6 } };
  await world.kube.apply(make(raised, 'raised'));
  await untilReplicas('elastic', 6);
  await applied('elastic', make(raised, 'after the autoscaler'), 'after the autoscaler');
  expect(await replicasOf('elastic')).toBe(6);
});

test.each([
  ['a server', 'handed', server('handed')],
  ['an engine', 'handed-engine', engine('handed-engine')],
])('from replicas to autoscaling and back, the pods of %s never drop on the way', async (_, name, make) => {
  const path = `/apis/apps/v1/namespaces/${world.namespace}/deployments/${name}`;
  await world.kube.apply(make({ replicas: 4 }, 'four'));
  await untilReplicas(name, 4);
  const seen = new Set<number>();
  const watching = new AbortController();
  const watcher = (async () => {
    while (!watching.signal.aborted)
      seen.add(((await world.api.must('GET', path)) as unknown as Deployment).spec.replicas);
  })();
  await applied(name, make({ autoscaling }, 'handed over'), 'handed over');
  await until('the autoscaler', 10_000, () => world.kube.find('hpa', name));
  await applied(name, make({ autoscaling }, 'and touched again'), 'and touched again');
  watching.abort();
  await watcher;
  expect([...seen]).toEqual([4]);
  await world.kube.apply(make({ replicas: 3 }, 'three'));
  await untilReplicas(name, 3);
  await until('no autoscaler', 10_000, async () => (await world.kube.find('hpa', name)) === undefined);
});

test('kubectl scale on the server itself sets the number of its pods, and its status counts them', async () => {
  await world.kube.run(['scale', 'mcpserver', 'handed', '--replicas=5']);
  await untilReplicas('handed', 5);
  await until(
    'five in status',
    30_000,
    async () => (await read(world, 'mcpservers', 'handed')).status?.readyReplicas === 5,
  );
  const scale = JSON.parse(
    await world.kube.run([
      'get',
      '--raw',
      `/apis/mcpfleet.dev/v1alpha1/namespaces/${world.namespace}/mcpservers/handed/scale`,
    ]),
  ) as { spec: { replicas: number }; status: { replicas: number; selector: string } };
  expect(scale).toMatchObject({ spec: { replicas: 5 }, status: { replicas: 5 } });
  const selected = await world.kube.list<Pod>('pods', scale.status.selector);
  expect(selected).toHaveLength(5);
});

const threefold = () =>
  mcpServer('threefold', {
    ...IN_POSTGRES,
    replicas: 3,
    rollout: { drain: '1s' },
    ...exposedIn(world.namespace),
  });

test('three pods behind the ingress are one server to every client', async () => {
  await world.kube.apply(threefold());
  await untilCondition(world, 'mcpservers', 'threefold', { type: 'Ready', status: 'True' }, 60_000);
  await until(
    'three pods',
    60_000,
    async () => (await read(world, 'mcpservers', 'threefold')).status?.readyReplicas === 3,
  );
  const url = await ingressUrl(world, 'threefold');
  const clients = [await connectModern(url), await connectModern(url, 'legacy'), await connectClassic(url)];
  try {
    const created = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        (clients[i % 3] as McpClient).callTool('create_task', { title: `task ${i}` }),
      ),
    );
    const ids = created.map(({ structured }) => (structured['task'] as { id: string }).id);
    expect(new Set(ids).size).toBe(30);
    for (let round = 0; round < 3; round++) {
      const lists = await Promise.all(clients.map((client) => client.callTool('list_tasks', { limit: 100 })));
      for (const { structured } of lists)
        expect((structured['tasks'] as { id: string }[]).map(({ id }) => id).sort()).toEqual(ids.toSorted());
    }
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
  const calls = await Promise.all((await podsOf(world, 'threefold')).map(toolCalls));
  expect(calls).toHaveLength(3);
  expect(Math.min(...calls)).toBeGreaterThan(0);
});

/** Tool calls that this pod answered. */
async function toolCalls({ status }: Pod): Promise<number> {
  const forward = await world.cluster.forward({ host: status.podIP ?? '', port: 9090 });
  try {
    const text = await (await fetch(`${forward.url}/metrics`)).text();
    const counts = [...text.matchAll(/^mcp_server_tool_calls_total\{.*\} (\d+)$/gm)];
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  } finally {
    await forward.close();
  }
}

test('evictions take one pod at a time', async () => {
  expect(await world.kube.get('pdb', 'threefold')).toMatchObject({ spec: { maxUnavailable: 1 } });
  await until('a budget that counts', 10_000, async () => {
    const { status } = await world.kube.get<{ status: { disruptionsAllowed: number } }>('pdb', 'threefold');
    return status.disruptionsAllowed === 1;
  });
  const [first, second] = (await podsOf(world, 'threefold')).filter(isReady);
  expect((await evict(world, first)).code).toBe(201);
  const refused = await evict(world, second);
  expect(refused.code).toBe(429);
  expect(JSON.stringify(refused.body)).toContain('disruption budget');
  await until('the second may go, too', 60_000, async () => (await evict(world, second)).code === 201);
  const ready = (await podsOf(world, 'threefold')).filter(isReady);
  expect(ready.length).toBeGreaterThanOrEqual(2);
});
