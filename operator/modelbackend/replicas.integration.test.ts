/**
 * Who decides how many pods an engine has, and how their number shows.
 */
import { describe, expect, test } from 'vitest';
import * as kinds from '#operator/kit/resources.ts';
import { HANDOVER_MANAGER } from '#operator/workload/handover.ts';
import { key, until } from '#operator/workload/testing/cluster.ts';
import { SCALED, startWorld, type World } from './testing/world.ts';

describe('the number of pods', () => {
  const replicas = (world: World) => world.api.get(kinds.deployments, key('llama')).spec.replicas;

  test('stays as it is when an autoscaler takes over, is never fought over, and comes back', async () => {
    await using world = await startWorld();
    const { autoscaling, ...rest } = SCALED;
    world.apply({ ...rest, replicas: 4 });
    await world.untilDeployed();
    world.apply({ ...rest, autoscaling });
    await until(() => expect(world.api.find(kinds.horizontalPodAutoscalers, key('llama'))).toBeDefined());
    await world.quiet();
    expect(replicas(world)).toBe(4);
    const owners = world.api.get(kinds.deployments, key('llama')).metadata.managedFields ?? [];
    expect(owners.map(({ manager }) => manager)).toContain(HANDOVER_MANAGER);
    const scaled = world.api.get(kinds.deployments, key('llama'));
    world.api.put(kinds.deployments, { ...scaled, spec: { ...scaled.spec, replicas: 5 } }, 'horizontal-pod-autoscaler');
    await world.quiet();
    expect(replicas(world)).toBe(5);
    world.apply({ ...rest, replicas: 2 });
    await until(() => expect(replicas(world)).toBe(2));
  });

  test('of zero shows at once, and one more leads back to ready', async () => {
    await using world = await startWorld();
    await world.serve();
    world.apply({ replicas: 0 });
    await until(() => expect(replicas(world)).toBe(0));
    world.run();
    await world.until('Available', 'False/ScaledToZero');
    expect(world.condition('Ready')).toBe('False/ScaledToZero');
    expect(world.condition('Reachable')).toBe('False/NoEndpoints');
    world.apply({ replicas: 1 });
    await until(() => expect(replicas(world)).toBe(1));
    world.run();
    await world.until('Ready', 'True/Serving');
    await until(() => expect(world.events()).toEqual(['Normal Ready', 'Normal ScaledToZero']));
  });
});
