import { describe, expect, test } from 'vitest';
import * as kinds from '#operator/kit/resources.ts';
import { key, until } from '#operator/workload/testing/cluster.ts';
import { edit } from './testing/server.ts';
import { startWorld, type World } from './testing/world.ts';

describe('replicas', () => {
  const postgres = {
    storage: { type: 'Postgres', postgres: { urlSecretRef: { name: 'db', key: 'url' } } },
  } as const;
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: key('db'), data: { url: 'eA==' } };
  const replicas = (world: World) => world.api.get(kinds.deployments, key('assistant')).spec.replicas;
  const scale = (world: World, count: number) => {
    const deployment = world.api.get(kinds.deployments, key('assistant'));
    world.api.put(kinds.deployments, { ...deployment, spec: { ...deployment.spec, replicas: count } }, 'autoscaler');
  };

  test('set by hand are put back where the spec says how many', async () => {
    await using world = await startWorld();
    world.api.put(kinds.secrets, secret);
    edit(world, { ...postgres, replicas: 3 });
    await until(() => expect(replicas(world)).toBe(3));
    scale(world, 5);
    await until(() => expect(replicas(world)).toBe(3));
  });

  test('stay as they are when an autoscaler takes over, and are its own from then on', async () => {
    await using world = await startWorld();
    world.api.put(kinds.secrets, secret);
    edit(world, { ...postgres, replicas: 3 });
    await until(() => expect(replicas(world)).toBe(3));
    const seen = new Set<unknown>();
    const watching = setInterval(() => seen.add(replicas(world)), 1);
    const autoscaling = { minReplicas: 2, maxReplicas: 9 };
    edit(world, { ...postgres, autoscaling });
    await until(() => expect(world.api.find(kinds.horizontalPodAutoscalers, key('assistant'))).toBeDefined());
    await world.quiet();
    scale(world, 7);
    edit(world, { ...postgres, autoscaling, telemetry: { logLevel: 'debug' } });
    await world.quiet();
    clearInterval(watching);
    expect([...seen]).toEqual([3, 7]);
    edit(world, { ...postgres, replicas: 4 });
    await until(() => expect(replicas(world)).toBe(4));
    expect(world.api.find(kinds.horizontalPodAutoscalers, key('assistant'))).toBeUndefined();
  });

  test('are zero while suspended, with everything else kept, and the least after that', async () => {
    await using world = await startWorld();
    world.api.put(kinds.secrets, secret);
    const autoscaling = { minReplicas: 2, maxReplicas: 9 };
    edit(world, { ...postgres, autoscaling });
    await until(() => expect(world.api.find(kinds.horizontalPodAutoscalers, key('assistant'))).toBeDefined());
    edit(world, { ...postgres, autoscaling, suspended: true });
    await until(() => expect(replicas(world)).toBe(0));
    await until(() => expect(world.condition('Available')).toBe('False/Suspended'));
    expect(world.api.find(kinds.horizontalPodAutoscalers, key('assistant'))).toBeUndefined();
    expect(world.api.find(kinds.services, key('assistant'))).toBeDefined();
    await until(() => expect(world.events()).toContain('Normal Suspended'));
    edit(world, { ...postgres, autoscaling });
    await until(() => expect(replicas(world)).toBe(2));
  });
});
