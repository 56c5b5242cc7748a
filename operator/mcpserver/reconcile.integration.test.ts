import { describe, expect, test } from 'vitest';
import type { KubeObject } from '#operator/kit/object.ts';
import * as kinds from '#operator/kit/resources.ts';
import { mcpServers } from '#operator/workload/customresources.ts';
import { key, until } from '#operator/workload/testing/cluster.ts';
import { mcpServer } from './testing/fixtures.ts';
import { CHILDREN, edit, readyServer } from './testing/server.ts';
import { startWorld } from './testing/world.ts';

describe('a server that is applied', () => {
  test('gets its children, turns ready once it answers, and costs few writes', async () => {
    await using world = await startWorld();
    await readyServer(world);
    await world.quiet();
    expect(world.status()).toMatchObject({
      observedGeneration: 1,
      url: 'http://assistant.example.com/mcp',
      readyReplicas: 1,
      version: '0.1.0',
      protocol: { serverName: 'assistant', versions: ['2026-07-28', '2025-11-25'] },
      tools: [{ name: 'create_task' }],
    });
    expect(world.api.writes.length).toBeLessThanOrEqual(CHILDREN.length + 3);
    expect(world.events()).toEqual(['Normal Ready']);
  });

  test('is left alone by an operator that starts anew', async () => {
    await using world = await startWorld();
    await readyServer(world);
    await world.quiet();
    world.api.writes.length = 0;
    await world.restart();
    await world.quiet();
    expect(world.api.writes).toEqual([]);
  });

  test('of many at once each has its Service before pods of any are asked for', async () => {
    await using world = await startWorld();
    const names = Array.from({ length: 40 }, (_, i) => `many-${i}`);
    for (const name of names) world.api.put(mcpServers, mcpServer({}, name));
    await world.restart();
    await until(() => expect(world.api.list(kinds.deployments)).toHaveLength(names.length));
    const kindsOfWrites = world.api.writes.map(({ path }) => path.split('?', 1)[0]?.split('/').at(-2) ?? '');
    const before = kindsOfWrites.slice(0, kindsOfWrites.indexOf('deployments'));
    // Workers that are done first go on while the others still have requests under way.
    expect(before.filter((kind) => kind === 'services').length).toBeGreaterThan(names.length - 2);
  });

  test('converges although the API server fails now and then', async () => {
    await using world = await startWorld();
    let n = 0;
    world.api.faults.inject(
      { kind: 'status', code: 500 },
      ({ method }) => method === 'PATCH' && n++ % 3 === 0,
      Number.POSITIVE_INFINITY,
    );
    await readyServer(world);
    expect(n).toBeGreaterThan(CHILDREN.length);
  });
});

describe('a child', () => {
  test('that is deleted comes back', async () => {
    await using world = await startWorld();
    await readyServer(world);
    for (const [resource, name] of CHILDREN) {
      const before = world.api.get(resource, key(name)).metadata.uid;
      world.api.remove(resource, key(name));
      await until(() => expect(world.api.get(resource, key(name)).metadata.uid).not.toBe(before));
    }
  });

  test('that holds the keys comes back with another key each time', async () => {
    await using world = await startWorld();
    await readyServer(world);
    await world.quiet();
    const secret = key('assistant-keys');
    const keys = new Set<string | undefined>();
    for (let i = 0; i < 3; i++) {
      await until(() => expect(world.api.find(kinds.secrets, secret)).toBeDefined());
      keys.add(world.api.get(kinds.secrets, secret).data?.['sealing.key']);
      await world.quiet();
      world.api.remove(kinds.secrets, secret);
    }
    expect(keys.size).toBe(3);
  });

  test('that is edited is repaired', async () => {
    await using world = await startWorld();
    await readyServer(world);
    for (const [resource, name] of CHILDREN.filter(([{ kind }]) => kind !== 'Secret')) {
      const before = world.api.get<KubeObject>(resource, key(name));
      const labels = { ...before.metadata.labels, 'app.kubernetes.io/name': 'other' };
      world.api.put<KubeObject>(resource, { ...before, metadata: { ...before.metadata, labels } }, 'kubectl-edit');
      const labelsNow = () => world.api.get(resource, key(name)).metadata.labels;
      await until(() => expect(labelsNow()).toEqual(before.metadata.labels));
    }
  });

  test('of somebody else is never taken over; the server says so, and goes on when it is gone', async () => {
    await using world = await startWorld();
    const foreign = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: key('assistant'),
      spec: { selector: { app: 'other' } },
    };
    world.api.put(kinds.services, foreign);
    world.api.put(mcpServers, mcpServer());
    await until(() => expect(world.condition('Accepted')).toBe('False/NameConflict'));
    expect(world.api.get(kinds.services, key('assistant')).spec).toEqual(foreign.spec);
    expect(world.api.find(kinds.deployments, key('assistant'))).toBeUndefined();
    world.api.remove(kinds.services, key('assistant'));
    await until(() => expect(world.api.find(kinds.deployments, key('assistant'))).toBeDefined());
  });

  test('that is no longer wanted goes', async () => {
    await using world = await startWorld();
    await readyServer(world);
    edit(world, {});
    await until(() => {
      const left = [kinds.ingresses, kinds.roles, kinds.roleBindings].filter(
        (resource) => world.api.find<KubeObject>(resource, key('assistant')) !== undefined,
      );
      expect(left).toEqual([]);
    });
    expect(world.api.find(kinds.deployments, key('assistant'))).toBeDefined();
  });

  test('with the key keeps what is in it', async () => {
    await using world = await startWorld();
    await readyServer(world);
    const secret = world.api.get(kinds.secrets, key('assistant-keys'));
    const data = { 'sealing.key': Buffer.alloc(32, 1).toString('base64') };
    world.api.put(kinds.secrets, { ...secret, data }, 'kubectl-edit');
    edit(world, { telemetry: { logLevel: 'debug' } });
    await world.quiet();
    await world.restart();
    await world.quiet();
    expect(world.api.get(kinds.secrets, key('assistant-keys')).data).toEqual(data);
  });
});

describe('the data volume', () => {
  test('stays when the server goes, and serves the next one of the name', async () => {
    await using world = await startWorld();
    await readyServer(world);
    const before = world.api.get(kinds.persistentVolumeClaims, key('assistant-data')).metadata.uid;
    world.api.remove(mcpServers, key('assistant'));
    await until(() => expect(world.api.find(kinds.deployments, key('assistant'))).toBeUndefined());
    expect(world.api.find(kinds.persistentVolumeClaims, key('assistant-data'))).toBeDefined();
    await readyServer(world);
    expect(world.api.get(kinds.persistentVolumeClaims, key('assistant-data')).metadata.uid).toBe(before);
  });

  test('goes with the server that does not retain it, and not earlier', async () => {
    await using world = await startWorld();
    const retain = { storage: { type: 'Embedded', embedded: { retain: false } } } as const;
    edit(world, retain);
    await until(() => expect(world.api.find(kinds.deployments, key('assistant'))).toBeDefined());
    edit(world, { storage: { type: 'Embedded', embedded: { retain: false, ephemeral: true } } });
    await world.quiet();
    expect(world.api.find(kinds.persistentVolumeClaims, key('assistant-data'))).toBeDefined();
    world.api.remove(mcpServers, key('assistant'));
    await until(() => expect(world.api.find(kinds.persistentVolumeClaims, key('assistant-data'))).toBeUndefined());
  });

  test('of somebody else is a conflict', async () => {
    await using world = await startWorld();
    world.api.put(kinds.persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: key('assistant-data'),
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '5Gi' } } },
    });
    edit(world, {});
    await until(() => expect(world.condition('Accepted')).toBe('False/NameConflict'));
  });
});
