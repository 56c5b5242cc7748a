/**
 * A server with most of its possible children, and the way to have it ready.
 */
import { expect } from 'vitest';
import type { KubeObject } from '#operator/kit/object.ts';
import * as kinds from '#operator/kit/resources.ts';
import { type McpServerObject, mcpServers } from '#operator/workload/customresources.ts';
import { key, until } from '#operator/workload/testing/cluster.ts';
import { mcpServer } from './fixtures.ts';
import type { World } from './world.ts';

export const INGRESS = { type: 'Ingress', host: 'assistant.example.com' } as const;
export const BACKENDS = { selector: { matchLabels: { tier: 'gold' } } } as const;

export const CHILDREN = [
  [kinds.serviceAccounts, 'assistant'],
  [kinds.roles, 'assistant'],
  [kinds.roleBindings, 'assistant'],
  [kinds.configMaps, 'assistant-config'],
  [kinds.secrets, 'assistant-keys'],
  [kinds.persistentVolumeClaims, 'assistant-data'],
  [kinds.services, 'assistant'],
  [kinds.deployments, 'assistant'],
  [kinds.ingresses, 'assistant'],
] as const;

/** A server with most of its possible children, ready. */
export async function readyServer(world: World): Promise<void> {
  world.api.put(mcpServers, mcpServer({ backends: BACKENDS, exposure: INGRESS }));
  await until(() => {
    const missing = CHILDREN.filter(
      ([resource, name]) => world.api.find<KubeObject>(resource, key(name)) === undefined,
    );
    expect(missing).toEqual([]);
  });
  world.run();
  world.api.setStatus(kinds.ingresses, key('assistant'), { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } });
  await until(() => expect(world.condition('Ready')).toBe('True/Ready'));
}

/** Applies the spec as a person would. */
export const edit = (world: World, spec: Parameters<typeof mcpServer>[0]): McpServerObject =>
  world.api.put(mcpServers, mcpServer(spec));
