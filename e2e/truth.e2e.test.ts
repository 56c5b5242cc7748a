/** A status never lies: pods that go or stop being ready show within a second, and so does their return. */
import { beforeAll, expect, test } from 'vitest';
import { conditionOf } from './fleet.ts';
import { mcpServer } from './manifests.ts';
import { isReady, podsOf } from './pods.ts';
import { until } from './until.ts';
import { read, untilCondition, useWorld } from './world.ts';

const world = useWorld('truth');

beforeAll(async () => {
  await world.kube.apply(mcpServer('honest', { rollout: { drain: '3s' } }));
  await untilCondition(world, 'mcpservers', 'honest', { type: 'Ready', status: 'True' }, 60_000);
});

const pods = () => podsOf(world, 'honest');

async function readyStatus(): Promise<string | undefined> {
  return conditionOf(await read(world, 'mcpservers', 'honest'), 'Ready')?.status;
}

/** Milliseconds from the pods being so to the server saying so. */
async function lag(podsReady: boolean): Promise<number> {
  await until(
    `pods ${podsReady ? 'ready' : 'not ready'}`,
    60_000,
    async () => (await pods()).some(isReady) === podsReady,
  );
  const began = performance.now();
  await until(`Ready=${podsReady}`, 10_000, async () => (await readyStatus()) === (podsReady ? 'True' : 'False'));
  return performance.now() - began;
}

test('pods that are deleted make the server unready within a second, and new ones ready again', async () => {
  const [pod] = await pods();
  const began = performance.now();
  await world.kube.run(['delete', 'pod', pod?.metadata.name ?? '', '--grace-period=0', '--force', '--wait=false']);
  await until('Ready=False', 10_000, async () => (await readyStatus()) === 'False');
  expect(performance.now() - began).toBeLessThan(1500);
  const said = conditionOf(await read(world, 'mcpservers', 'honest'), 'Ready');
  expect(said?.reason).toBe('NoReadyPods');
  expect(await lag(true)).toBeLessThan(1000);
});

test('a pod that stops being ready makes the server unready within a second, and ready again with it', async () => {
  const pod = (await pods()).find(isReady);
  const stop = ['/usr/local/bin/node', '-e', 'process.kill(1, "SIGTERM")'];
  await world.kube.exec(pod?.metadata.name ?? '', stop);
  expect(await lag(false)).toBeLessThan(1000);
  expect(await lag(true)).toBeLessThan(1000);
});

test('an image that cannot be pulled shows as such, and its correction heals', async () => {
  await world.kube.apply(mcpServer('pulling', { image: 'mcpfleet.local/missing:1', imagePullPolicy: 'Never' }));
  const broken = await untilCondition(
    world,
    'mcpservers',
    'pulling',
    { type: 'Available', reason: 'ImagePullFailed' },
    30_000,
  );
  expect(conditionOf(broken, 'Ready')).toMatchObject({ status: 'False', reason: 'ImagePullFailed' });
  await world.kube.apply(mcpServer('pulling'));
  await untilCondition(world, 'mcpservers', 'pulling', { type: 'Ready', status: 'True' }, 60_000);
});

test('a suspended server runs no pods, says so, and comes back', async () => {
  await world.kube.apply(mcpServer('honest', { rollout: { drain: '3s' }, suspended: true }));
  await untilCondition(world, 'mcpservers', 'honest', { type: 'Ready', status: 'False', reason: 'Suspended' }, 10_000);
  await until('no pods', 60_000, async () => (await pods()).length === 0);
  await world.kube.apply(mcpServer('honest', { rollout: { drain: '3s' } }));
  await untilCondition(world, 'mcpservers', 'honest', { type: 'Ready', status: 'True' }, 60_000);
});
