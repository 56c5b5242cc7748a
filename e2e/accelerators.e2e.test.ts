/** What asks for GPUs runs where they are, with as many as it asked for; what finds none says so in the scheduler's words. */
import { beforeAll, describe, expect, test } from 'vitest';
import { conditionOf } from './fleet.ts';
import { mcpServer, modelBackend, SMALL } from './manifests.ts';
import { isReady, type Pod, podsOf } from './pods.ts';
import { until } from './until.ts';
import { untilCondition, useWorld } from './world.ts';

const world = useWorld('accelerators', 'gpuNodes', 'kwok');

/** Two nodes with four of them each: `e2e/cluster/fake-nodes.ts`. */
const GPUS = 8;
const gpus = (count: number) => ({
  resourceName: 'nvidia.com/gpu',
  count,
  nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-L4' },
  tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
});

const server = (name: string) => mcpServer(name, { accelerator: gpus(1) });
const engine = (name: string, count: number, replicas: number) =>
  modelBackend(name, {
    type: 'Managed',
    models: [{ name: 'large' }],
    managed: {
      engine: 'VLLM',
      image: 'mcpfleet.local/vllm:fake',
      source: { uri: 'hf://acme/large' },
      accelerator: gpus(count),
      resources: SMALL,
      replicas,
    },
  });

const onGpuNode = ({ spec }: Pod): boolean => /^gpu-\d$/.test(spec.nodeName ?? '');
const devices = ({ spec }: Pod): string | undefined => spec.containers[0]?.resources.limits?.['nvidia.com/gpu'];

async function untilPlaced(instance: string, count: number): Promise<readonly Pod[]> {
  return until(`${instance} on GPU nodes`, 20_000, async () => {
    const pods = await podsOf(world, instance);
    return pods.length === count && pods.every(isReady) ? pods : undefined;
  });
}

test('a server and an engine with accelerators land on the GPU nodes with the devices they asked for', async () => {
  await world.kube.apply([server('thinker'), engine('large', 2, 3)]);
  const thinker = await untilPlaced('thinker', 1);
  const large = await untilPlaced('large', 3);
  expect(thinker.every(onGpuNode)).toBe(true);
  expect(thinker.map(devices)).toEqual(['1']);
  expect(large.every(onGpuNode)).toBe(true);
  expect(large.map(devices)).toEqual(['2', '2', '2']);
  // Engines that share a model over several devices talk through shared memory.
  expect(large[0]?.spec.containers[0]?.volumeMounts?.map(({ mountPath }) => mountPath)).toContain('/dev/shm');
  for (const [kind, name] of [
    ['mcpservers', 'thinker'],
    ['modelbackends', 'large'],
  ] as const)
    await untilCondition(world, kind, name, { type: 'Available', status: 'True' }, 10_000);
});

describe('one more than there are GPUs', () => {
  const unschedulable = { type: 'Available', status: 'False', reason: 'Unschedulable' } as const;
  const sentence = /Insufficient nvidia\.com\/gpu/;

  beforeAll(async () => {
    if (!world.possible) return;
    await world.kube.apply(server('last'));
    await until('all GPUs taken', 20_000, async () => {
      const used = await Promise.all(['thinker', 'large', 'last'].map((instance) => podsOf(world, instance)));
      const placed = used.flat().filter(isReady);
      return placed.reduce((sum, pod) => sum + Number(devices(pod)), 0) === GPUS;
    });
  });

  test('a server says within 5 s that it cannot be scheduled and why, and starts when a GPU is free', async () => {
    await world.kube.apply(server('homeless'));
    const told = await untilCondition(world, 'mcpservers', 'homeless', unschedulable, 5000);
    expect(conditionOf(told, 'Available')?.message).toMatch(sentence);
    expect(conditionOf(told, 'Ready')).toMatchObject({ status: 'False', reason: 'Unschedulable' });
    await world.kube.delete('mcpserver', 'last');
    await untilCondition(world, 'mcpservers', 'homeless', { type: 'Available', status: 'True' }, 60_000);
  });

  test('an engine says so too, and starts when others leave', async () => {
    await world.kube.apply(engine('late', 1, 1));
    const told = await untilCondition(world, 'modelbackends', 'late', unschedulable, 5000);
    expect(conditionOf(told, 'Available')?.message).toMatch(sentence);
    expect(conditionOf(told, 'Ready')).toMatchObject({ status: 'False', reason: 'Unschedulable' });
    await world.kube.run(['scale', 'modelbackend', 'large', '--replicas=2']);
    await untilCondition(world, 'modelbackends', 'late', { type: 'Available', status: 'True' }, 60_000);
  });
});
