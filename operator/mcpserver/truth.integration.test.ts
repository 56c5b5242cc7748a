import { describe, expect, test } from 'vitest';
import * as kinds from '#operator/kit/resources.ts';
import { mcpServers, modelBackends } from '#operator/workload/customresources.ts';
import { key, until } from '#operator/workload/testing/cluster.ts';
import { mcpServer, modelBackend, pod, READY, UNREADY } from './testing/fixtures.ts';
import { BACKENDS, edit, INGRESS, readyServer } from './testing/server.ts';
import { startWorld } from './testing/world.ts';

describe('truth', () => {
  test('pods that turn unready make the server unready at once, and ready again when they are', async () => {
    await using world = await startWorld();
    await readyServer(world);
    world.api.setStatus(kinds.pods, key('assistant-1'), UNREADY, 'kubelet');
    await until(() => expect(world.condition('Ready')).toBe('False/NoReadyPods'));
    expect(world.status()?.tools).toMatchObject([{ name: 'create_task' }]);
    world.api.setStatus(kinds.pods, key('assistant-1'), READY, 'kubelet');
    await until(() => expect(world.condition('Ready')).toBe('True/Ready'));
    await until(() => expect(world.events()).toEqual(['Normal Ready', 'Warning NoReadyPods']));
  });

  test('pods that are gone make the server unready', async () => {
    await using world = await startWorld();
    await readyServer(world);
    world.api.remove(kinds.pods, key('assistant-1'));
    await until(() => expect(world.condition('Ready')).toBe('False/NoReadyPods'));
  });

  test('a backend that fails degrades the server and does not make it unready', async () => {
    await using world = await startWorld();
    world.api.put(modelBackends, modelBackend('llama'));
    world.api.setStatus(modelBackends, key('llama'), modelBackend('llama').status ?? {}, 'mcp-fleet');
    edit(world, {
      backends: { names: ['llama'] },
      inference: { routes: [{ name: 'chat', targets: [{ backend: 'llama', model: 'llama' }] }] },
    });
    await until(() => expect(world.api.find(kinds.deployments, key('assistant'))).toBeDefined());
    world.run();
    await until(() => expect(world.condition('Ready')).toBe('True/Ready'));
    expect(world.condition('BackendsReady')).toBe('True/AllReady');
    const failing = modelBackend('llama', { ready: false, reason: 'NoEndpoints' }).status ?? {};
    world.api.setStatus(modelBackends, key('llama'), failing, 'mcp-fleet');
    await until(() => expect(world.condition('Degraded')).toBe('True/BackendsUnavailable'));
    expect(world.condition('BackendsReady')).toBe('False/NoneAvailable');
    expect(world.condition('Ready')).toBe('True/Ready');
    world.api.setStatus(modelBackends, key('llama'), modelBackend('llama').status ?? {}, 'mcp-fleet');
    await until(() => expect(world.condition('Degraded')).toBe('False/AsExpected'));
  });

  test('a server that answers, but not as MCP, is not ready and says why', async () => {
    await using world = await startWorld();
    world.proxy.intercept = (_host, response) => {
      response.writeHead(404).end('no');
      return true;
    };
    edit(world, {});
    await until(() => expect(world.api.find(kinds.deployments, key('assistant'))).toBeDefined());
    world.run();
    await until(() => expect(world.condition('Verified')).toBe('False/HandshakeFailed'));
    expect(world.condition('Ready')).toBe('False/HandshakeFailed');
    world.proxy.intercept = () => false;
    await until(() => expect(world.condition('Ready')).toBe('True/Ready'));
  });

  test('tools that change after a rollout are told', async () => {
    await using world = await startWorld();
    await readyServer(world);
    world.proxy.tools = [{ name: 'delete_task', inputSchema: { type: 'object' } }];
    const next = pod('assistant-2');
    const labels = { ...next.metadata.labels, 'pod-template-hash': 'b2' };
    world.api.put(kinds.pods, { ...next, metadata: { ...next.metadata, labels } });
    world.api.setStatus(kinds.pods, key('assistant-2'), READY, 'kubelet');
    await until(() => expect(world.status()?.tools).toMatchObject([{ name: 'delete_task' }]));
    expect(world.condition('Ready')).toBe('True/Ready');
    await until(() => expect(world.events()).toContain('Normal ToolsChanged'));
  });

  test('servers that never answer do not delay the others', async () => {
    await using world = await startWorld();
    for (let i = 0; i < 40; i += 1) world.api.put(mcpServers, mcpServer({}, `hang-${i}`));
    await until(() => expect(world.api.list(kinds.deployments)).toHaveLength(40));
    for (let i = 0; i < 40; i += 1) world.run(READY, `hang-${i}`);
    await until(() => expect(world.proxy.asked.length).toBeGreaterThanOrEqual(40));
    await readyServer(world);
    expect(world.condition('Ready', 'hang-0')).not.toBe('True/Ready');
    const started = performance.now();
    edit(world, { backends: BACKENDS, exposure: INGRESS, telemetry: { logLevel: 'debug' } });
    await until(() =>
      expect(world.api.get(kinds.configMaps, key('assistant-config')).data?.['server.yaml']).toContain('debug'),
    );
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('a mistake', () => {
  test('a missing Secret is named, and its coming heals', async () => {
    await using world = await startWorld();
    edit(world, { storage: { type: 'Postgres', postgres: { urlSecretRef: { name: 'db', key: 'url' } } } });
    await until(() => expect(world.condition('Accepted')).toBe('False/SecretNotFound'));
    expect(world.api.find(kinds.deployments, key('assistant'))).toBeUndefined();
    world.api.put(kinds.secrets, { apiVersion: 'v1', kind: 'Secret', metadata: key('db'), data: { other: 'eA==' } });
    await until(() => expect(JSON.stringify(world.status()?.conditions)).toContain('has no key url'));
    world.api.put(kinds.secrets, { apiVersion: 'v1', kind: 'Secret', metadata: key('db'), data: { url: 'eA==' } });
    await until(() => expect(world.api.find(kinds.deployments, key('assistant'))).toBeDefined());
    await until(() => expect(world.condition('Accepted')).toBe('True/Accepted'));
  });

  test('in a running server leaves what runs as it is', async () => {
    await using world = await startWorld();
    await readyServer(world);
    const before = world.api.get(kinds.deployments, key('assistant'));
    edit(world, { toolsets: [{ name: 'taks' }], backends: BACKENDS, exposure: INGRESS });
    await until(() => expect(world.condition('Accepted')).toBe('False/UnsupportedCombination'));
    expect(world.condition('Degraded')).toBe('True/PreviousRevisionServing');
    expect(world.api.get(kinds.deployments, key('assistant'))).toEqual(before);
    expect(world.api.find(kinds.ingresses, key('assistant'))).toBeDefined();
  });

  test('that only the API server can find is told in its words', async () => {
    await using world = await startWorld();
    world.api.faults.inject(
      { kind: 'status', code: 422, reason: 'Invalid' },
      ({ method, path }) => method === 'PATCH' && path.includes('/deployments/'),
      Number.POSITIVE_INFINITY,
    );
    edit(world, {});
    await until(() => expect(world.condition('Accepted')).toBe('False/UnsupportedCombination'));
    expect(JSON.stringify(world.status()?.conditions)).toContain('The API server refused Deployment assistant');
    world.api.faults.clear();
    edit(world, { telemetry: { logLevel: 'debug' } });
    await until(() => expect(world.condition('Accepted')).toBe('True/Accepted'));
  });

  test('a changed ConfigMap with a skill rolls the pods, a claim that is bound does not', async () => {
    await using world = await startWorld();
    const claim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: key('papers'),
      spec: { accessModes: ['ReadOnlyMany'], resources: { requests: { storage: '1Gi' } } },
    };
    const skill = { apiVersion: 'v1', kind: 'ConfigMap', metadata: key('review'), data: { 'SKILL.md': 'a' } };
    const skills = [
      { name: 'review', configMap: { name: 'review' } },
      { name: 'papers', persistentVolumeClaim: { name: 'papers' } },
    ];
    edit(world, { skills });
    await until(() => expect(world.condition('Accepted')).toBe('False/InvalidReference'));
    world.api.put(kinds.persistentVolumeClaims, claim);
    world.api.put(kinds.configMaps, skill);
    const template = () => JSON.stringify(world.api.get(kinds.deployments, key('assistant')).spec.template);
    await until(template);
    await world.quiet();
    const before = template();
    world.api.setStatus(kinds.persistentVolumeClaims, key('papers'), { phase: 'Bound' });
    edit(world, { skills, replicas: 0 });
    await world.quiet();
    expect(template()).toBe(before);
    world.api.put(kinds.configMaps, { ...skill, data: { 'SKILL.md': 'b' } });
    await until(() => expect(template()).not.toBe(before));
  });

  test('two servers with a built-in issuer cannot share a host, others can', async () => {
    await using world = await startWorld();
    const secret = { name: 'tokens', key: 'k' };
    world.api.put(kinds.secrets, { apiVersion: 'v1', kind: 'Secret', metadata: key('tokens'), data: { k: 'eA==' } });
    const auth = {
      type: 'BuiltIn',
      builtIn: { signingKeySecretRef: secret, bootstrapAdminSecretRef: secret, accessTokenLifetime: '1m' },
    } as const;
    edit(world, { exposure: INGRESS, auth });
    await until(() => expect(world.api.find(kinds.ingresses, key('assistant'))).toBeDefined());
    world.api.put(mcpServers, mcpServer({ exposure: { ...INGRESS, path: '/other' } }, 'dritter'));
    world.api.put(mcpServers, mcpServer({ exposure: { ...INGRESS, path: '/second' }, auth }, 'zweiter'));
    await until(() => expect(world.condition('Exposed', 'zweiter')).toBe('False/HostConflict'));
    await until(() => expect(world.api.find(kinds.ingresses, key('dritter'))).toBeDefined());
    expect(world.api.find(kinds.ingresses, key('zweiter'))).toBeUndefined();
  });

  test('two servers that want one host and path: the older keeps it, the younger follows when it goes', async () => {
    await using world = await startWorld();
    await readyServer(world);
    world.api.put(mcpServers, mcpServer({ exposure: INGRESS }, 'zweiter'));
    await until(() => expect(world.condition('Exposed', 'zweiter')).toBe('False/HostConflict'));
    expect(world.api.find(kinds.ingresses, key('zweiter'))).toBeUndefined();
    expect(world.condition('Exposed')).toBe('True/Admitted');
    world.api.remove(mcpServers, key('assistant'));
    await until(() => expect(world.api.find(kinds.ingresses, key('zweiter'))).toBeDefined());
  });
});
