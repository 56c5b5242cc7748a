import { describe, expect, test } from 'vitest';
import * as kinds from '#operator/kit/resources.ts';
import { mcpServers } from '#operator/workload/customresources.ts';
import { mcpServer, READY, UNREADY } from './testing/fixtures.ts';
import { key, startWorld, until } from './testing/world.ts';

const CHILDREN = [
  [kinds.serviceAccounts, 'assistant'],
  [kinds.configMaps, 'assistant-config'],
  [kinds.secrets, 'assistant-keys'],
  [kinds.persistentVolumeClaims, 'assistant-data'],
  [kinds.services, 'assistant'],
  [kinds.deployments, 'assistant'],
] as const;

describe('a server that is applied', () => {
  test('gets its children, turns ready once it answers, and costs few writes', async () => {
    await using world = await startWorld();
    world.api.put(mcpServers, mcpServer());
    await until(() => {
      for (const [resource, name] of CHILDREN) expect(world.api.find(resource, key(name))).toBeDefined();
    });
    world.run();
    await until(() => expect(world.condition('Ready')).toBe('True/Ready'));
    await world.quiet();
    expect(world.status()).toMatchObject({
      observedGeneration: 1,
      readyReplicas: 1,
      version: '0.1.0',
      protocol: { serverName: 'assistant' },
      tools: [{ name: 'create_task' }],
    });
    expect(world.api.writes.length).toBeLessThanOrEqual(CHILDREN.length + 3);
  });
});
