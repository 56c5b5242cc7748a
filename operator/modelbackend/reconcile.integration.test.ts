import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { engine, errorReply, models } from '#models/testing/openai-engine.ts';
import { type Scripted, SILENCE, startScripted } from '#models/testing/scripted.ts';
import { findCondition } from '#operator/kit/conditions.ts';
import type { KubeObject } from '#operator/kit/object.ts';
import * as kinds from '#operator/kit/resources.ts';
import { modelBackends } from '#operator/workload/customresources.ts';
import { HANDOVER_MANAGER } from '#operator/workload/handover.ts';
import { key, until } from '#operator/workload/testing/cluster.ts';
import { CRASHED, external, managed, UNREADY } from './testing/fixtures.ts';
import { startGate } from './testing/gate.ts';
import { startWorld, type World } from './testing/world.ts';

/** Generous deadlines, since time runs fast. */
const HEALTH = { interval: '20s', timeout: '20s', failureThreshold: 3, inference: { timeout: '40s' } };
const SCALED = {
  resources: { requests: { cpu: '1' } },
  cache: { size: '10Gi', accessMode: 'ReadWriteMany' },
  source: { uri: 'hf://org/tiny' },
  autoscaling: { minReplicas: 2, maxReplicas: 5 },
} as const;

let server: Scripted;

beforeEach(async () => {
  server = await startScripted(engine(['tiny']));
});
afterEach(async () => {
  await server.close();
});

type Fields = Parameters<typeof managed>[0];
type Spec = Parameters<typeof managed>[1];

const apply = (world: World, fields: Fields = {}, spec: Spec = {}) =>
  world.api.put(modelBackends, managed({ port: server.port, ...fields }, { health: HEALTH, ...spec }));

const exists = (world: World) => until(() => expect(world.api.find(kinds.deployments, key('llama'))).toBeDefined());
const is = (world: World, type: string, verdict: string) => until(() => expect(world.condition(type)).toBe(verdict));

async function readyEngine(world: World, fields: Fields = {}, spec: Spec = {}): Promise<void> {
  apply(world, fields, spec);
  await exists(world);
  world.run();
  await is(world, 'Ready', 'True/Serving');
}

const secret = (token: string): KubeObject & { data: Record<string, string> } => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: key('api-key'),
  data: { token: Buffer.from(token).toString('base64') },
});
const AUTH = { auth: { type: 'Bearer', secretRef: { name: 'api-key', key: 'token' } } } as const;

describe('a managed engine', () => {
  test('gets its children, is ready once its model answered, and costs at most three status writes', async () => {
    await using world = await startWorld();
    await readyEngine(world);
    await world.quiet();
    expect(world.status()).toMatchObject({
      observedGeneration: 1,
      addresses: [{ url: `http://llama.team-a.svc:${server.port}`, protocol: 'OpenAI', pathPrefix: '' }],
      models: [{ name: 'tiny', state: 'Loaded' }],
      replicas: 1,
      readyReplicas: 1,
    });
    expect(server.requests.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/v1/models', '/v1/chat/completions']),
    );
    expect(world.statusWrites()).toBeLessThanOrEqual(3);
    await until(() => expect(world.events()).toEqual(['Normal Ready']));
  });

  test('is left alone by an operator that starts anew, and never looks unready to it', async () => {
    await using world = await startWorld();
    await readyEngine(world);
    await world.quiet();
    world.api.writes.length = 0;
    const asked = server.requests.length;
    await world.restart();
    await until(() => expect(server.requests.length).toBeGreaterThanOrEqual(asked + 2));
    await world.quiet();
    expect(world.api.writes).toEqual([]);
  });

  test('gets there although the API server fails now and then', async () => {
    await using world = await startWorld();
    let n = 0;
    const third = ({ method }: { readonly method: string }) => method === 'PATCH' && n++ % 3 === 0;
    world.api.faults.inject({ kind: 'status', code: 500 }, third, Number.POSITIVE_INFINITY);
    await readyEngine(world, SCALED);
    expect(n).toBeGreaterThan(3);
  });

  test('leaves nothing but the claim with its weights behind', async () => {
    await using world = await startWorld();
    await readyEngine(world, SCALED);
    world.api.remove(modelBackends, key('llama'));
    for (const resource of [kinds.deployments, kinds.services, kinds.horizontalPodAutoscalers]) {
      await until(() => expect(world.api.find(resource as typeof kinds.services, key('llama'))).toBeUndefined());
    }
    await world.quiet();
    expect(world.api.find(kinds.persistentVolumeClaims, key('llama-cache'))).toBeDefined();
  });

  test('takes up the claim of an earlier one of its name', async () => {
    await using world = await startWorld();
    await readyEngine(world, SCALED);
    const { uid } = world.api.get(kinds.persistentVolumeClaims, key('llama-cache')).metadata;
    world.api.remove(modelBackends, key('llama'));
    await until(() => expect(world.api.find(kinds.deployments, key('llama'))).toBeUndefined());
    await readyEngine(world, SCALED);
    expect(world.api.get(kinds.persistentVolumeClaims, key('llama-cache')).metadata.uid).toBe(uid);
  });
});

describe('a child:', () => {
  const CHILDREN = [
    [kinds.services, 'llama'],
    [kinds.deployments, 'llama'],
    [kinds.horizontalPodAutoscalers, 'llama'],
    [kinds.podDisruptionBudgets, 'llama'],
    [kinds.persistentVolumeClaims, 'llama-cache'],
  ] as const;

  test.each(CHILDREN.map(([resource, name]) => [resource.kind, resource, name] as const))(
    '%s that is deleted or edited is as it was',
    async (_, resource, name) => {
      await using world = await startWorld();
      apply(world, SCALED);
      await until(() => expect(world.api.find<KubeObject>(resource, key(name))).toBeDefined());
      const live = () => world.api.get<KubeObject>(resource, key(name));
      const { uid, labels } = live().metadata;
      world.api.remove(resource, key(name));
      await until(() => expect(live().metadata.uid).not.toBe(uid));
      const edited = { ...labels, 'app.kubernetes.io/component': 'other' };
      world.api.put<KubeObject>(
        resource,
        { ...live(), metadata: { ...live().metadata, labels: edited } },
        'kubectl-edit',
      );
      await until(() => expect(live().metadata.labels).toEqual(labels));
    },
  );

  test('of somebody else is never taken over; the backend says so, and goes on when it is gone', async () => {
    await using world = await startWorld();
    const spec = { selector: { app: 'other' }, ports: [{ port: 80 }] };
    world.api.put(kinds.services, { apiVersion: 'v1', kind: 'Service', metadata: key('llama'), spec });
    apply(world);
    await is(world, 'Accepted', 'False/NameConflict');
    expect(world.condition('Ready')).toBe('False/NameConflict');
    expect(world.status()?.addresses).toBeUndefined();
    expect(world.api.get(kinds.services, key('llama')).spec).toEqual(spec);
    expect(world.api.find(kinds.deployments, key('llama'))).toBeUndefined();
    world.api.remove(kinds.services, key('llama'));
    await exists(world);
    await is(world, 'Accepted', 'True/Accepted');
  });

  test('that is a claim of somebody else is a conflict, too', async () => {
    await using world = await startWorld();
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: key('llama-cache'), spec };
    world.api.put(kinds.persistentVolumeClaims, claim);
    apply(world, SCALED);
    await is(world, 'Accepted', 'False/NameConflict');
    expect(world.api.get(kinds.persistentVolumeClaims, key('llama-cache')).spec).toEqual(spec);
  });

  test('that is no longer wanted goes, and a foreign one of its name stays', async () => {
    await using world = await startWorld();
    await readyEngine(world, SCALED);
    const { autoscaling: _, ...rest } = SCALED;
    apply(world, { ...rest, replicas: 1 });
    await until(() => expect(world.api.find(kinds.horizontalPodAutoscalers, key('llama'))).toBeUndefined());
    await until(() => expect(world.api.find(kinds.podDisruptionBudgets, key('llama'))).toBeUndefined());
    const foreign = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'llama' }, maxReplicas: 9 };
    const autoscaler = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: key('llama') };
    world.api.put<KubeObject>(kinds.horizontalPodAutoscalers, { ...autoscaler, spec: foreign } as KubeObject);
    await world.quiet();
    expect(world.api.get(kinds.horizontalPodAutoscalers, key('llama'))).toMatchObject({ spec: foreign });
    expect(world.condition('Accepted')).toBe('True/Accepted');
  });

  test('that the API server refuses is a condition with its words', async () => {
    await using world = await startWorld();
    world.api.faults.inject(
      { kind: 'status', code: 422, reason: 'Invalid' },
      ({ method, path }) => method === 'PATCH' && path.includes('/deployments/'),
      Number.POSITIVE_INFINITY,
    );
    apply(world);
    await is(world, 'Accepted', 'False/UnsupportedCombination');
    expect(findCondition(world.status()?.conditions, 'Accepted')?.message).toContain('Deployment llama');
  });
});

describe('the number of pods', () => {
  const replicas = (world: World) => world.api.get(kinds.deployments, key('llama')).spec.replicas;

  test('stays as it is when an autoscaler takes over, is never fought over, and comes back', async () => {
    await using world = await startWorld();
    const { autoscaling, ...rest } = SCALED;
    apply(world, { ...rest, replicas: 4 });
    await exists(world);
    apply(world, { ...rest, autoscaling });
    await until(() => expect(world.api.find(kinds.horizontalPodAutoscalers, key('llama'))).toBeDefined());
    await world.quiet();
    expect(replicas(world)).toBe(4);
    const owners = world.api.get(kinds.deployments, key('llama')).metadata.managedFields ?? [];
    expect(owners.map(({ manager }) => manager)).toContain(HANDOVER_MANAGER);
    const scaled = world.api.get(kinds.deployments, key('llama'));
    world.api.put(kinds.deployments, { ...scaled, spec: { ...scaled.spec, replicas: 5 } }, 'horizontal-pod-autoscaler');
    await world.quiet();
    expect(replicas(world)).toBe(5);
    apply(world, { ...rest, replicas: 2 });
    await until(() => expect(replicas(world)).toBe(2));
  });

  test('of zero shows at once, and one more leads back to ready', async () => {
    await using world = await startWorld();
    await readyEngine(world);
    apply(world, { replicas: 0 });
    await until(() => expect(replicas(world)).toBe(0));
    world.run();
    await is(world, 'Available', 'False/ScaledToZero');
    expect(world.condition('Ready')).toBe('False/ScaledToZero');
    expect(world.condition('Reachable')).toBe('False/NoEndpoints');
    apply(world, { replicas: 1 });
    await until(() => expect(replicas(world)).toBe(1));
    world.run();
    await is(world, 'Ready', 'True/Serving');
    await until(() => expect(world.events()).toEqual(['Normal Ready', 'Normal ScaledToZero']));
  });
});

describe('truth', () => {
  test('pods that turn unready or go make the backend unready, and it is asked again when they are back', async () => {
    await using world = await startWorld();
    await readyEngine(world);
    world.api.setStatus(kinds.pods, key('llama-1'), UNREADY, 'kubelet');
    await is(world, 'Ready', 'False/NoReadyPods');
    expect(world.status()?.models).toMatchObject([{ state: 'Pending', reason: 'There is no ready pod to ask.' }]);
    const asked = server.requests.length;
    world.run();
    await is(world, 'Ready', 'True/Serving');
    expect(server.requests.length).toBeGreaterThanOrEqual(asked + 2);
    world.api.remove(kinds.pods, key('llama-1'));
    await is(world, 'Ready', 'False/NoReadyPods');
  });

  test('the last words of an engine are kept, in a form that may be shown', async () => {
    await using world = await startWorld();
    apply(world);
    await exists(world);
    world.run(CRASHED);
    await is(world, 'Ready', 'False/CrashLooping');
    await world.quiet();
    const failure = world.status()?.lastFailure;
    expect(failure).toMatchObject({ reason: 'OOMKilled', pod: 'llama-1', exitCode: 137 });
    expect(failure?.message).toMatch(/^\[31mout of memory x+…$/);
    world.run();
    await is(world, 'Ready', 'True/Serving');
    await world.quiet();
    expect(world.status()?.lastFailure).toEqual(failure);
  });

  test('pods of another revision are asked anew, and the backend stays ready meanwhile', async () => {
    await using world = await startWorld();
    await readyEngine(world);
    await world.quiet();
    world.api.writes.length = 0;
    const asked = server.requests.length;
    world.run(undefined, 'b2');
    await until(() => expect(server.requests.length).toBeGreaterThanOrEqual(asked + 2));
    await world.quiet();
    expect(world.statusWrites()).toBe(0);
    server.answer(({ path }) =>
      path.endsWith('/models') ? models('tiny') : errorReply(500, { message: 'weights are corrupt' }),
    );
    world.run(undefined, 'c3');
    await until(() => expect(world.condition('Ready')).toMatch(/^False/));
  });

  test('a spec that is not accepted changes nothing of what runs', async () => {
    await using world = await startWorld();
    await readyEngine(world);
    const before = world.api.get(kinds.deployments, key('llama')).spec;
    apply(world, { image: 'example.com/llama.cpp:2', env: [{ name: 'HOME', value: '/root' }] });
    await is(world, 'Accepted', 'False/UnsupportedCombination');
    expect(world.condition('Degraded')).toBe('True/PreviousRevisionServing');
    expect(findCondition(world.status()?.conditions, 'Ready')?.message).toContain('spec.managed.env[HOME]');
    expect(world.api.get(kinds.deployments, key('llama')).spec).toEqual(before);
    apply(world);
    await is(world, 'Ready', 'True/Serving');
  });
});

describe('a hosted API', () => {
  const hosted = (world: World, spec: Spec = {}, name = 'llama') =>
    world.api.put(modelBackends, external(server.url, { health: HEALTH, ...spec }, name));

  test('is ready once its models answered, unready when it is gone, and ready when it is back', async () => {
    await using gate = await startGate(server.port);
    await using world = await startWorld();
    world.api.put(modelBackends, external(gate.url, { health: HEALTH }));
    await is(world, 'Ready', 'True/Serving');
    await world.quiet();
    expect(world.statusWrites()).toBeLessThanOrEqual(3);
    await gate.shut();
    await is(world, 'Ready', 'False/ConnectionRefused');
    expect(world.api.list(kinds.deployments)).toEqual([]);
    await gate.open();
    await is(world, 'Ready', 'True/Serving');
    await until(() => expect(world.events()).toEqual(['Normal Ready', 'Warning ConnectionRefused']));
  });

  test('that lacks one of its models is degraded and says which', async () => {
    await using world = await startWorld();
    hosted(world, { models: [{ name: 'tiny' }, { name: 'huge' }] });
    server.answer((request, i) =>
      request.body.includes('"huge"')
        ? errorReply(404, { message: 'no such model', code: 'model_not_found' })
        : engine(['tiny'])(request, i),
    );
    await is(world, 'Degraded', 'True/ModelsMissing');
    await is(world, 'Ready', 'True/Serving');
    expect(world.condition('ModelsLoaded')).toBe('False/NotListed');
    await world.quiet();
    expect(world.status()?.models).toMatchObject([{ state: 'Loaded' }, { state: 'Failed' }]);
  });

  test('is asked again at once with a credential that changed', async () => {
    await using world = await startWorld();
    const slow = { ...HEALTH, interval: '24h', inference: { interval: '24h', timeout: '40s' } };
    server.answer((request, i) =>
      request.headers['authorization'] === 'Bearer right'
        ? engine(['tiny'])(request, i)
        : errorReply(401, { message: 'no' }),
    );
    hosted(world, { ...AUTH, health: slow });
    await is(world, 'Accepted', 'False/SecretNotFound');
    expect(server.requests).toEqual([]);
    world.api.put(kinds.secrets, secret('wrong'));
    await is(world, 'Ready', 'False/Unauthorized');
    world.api.put(kinds.secrets, secret('right'));
    await is(world, 'Ready', 'True/Serving');
    world.api.put(kinds.secrets, secret('wrong'));
    await is(world, 'Ready', 'False/Unauthorized');
    expect(JSON.stringify(world.api.list(modelBackends))).not.toMatch(/wrong|right/);
  });

  test('that hangs shows, and a hundred of them delay nobody', async () => {
    await using world = await startWorld();
    const hanging = await startScripted(() => SILENCE);
    // Whoever waited for these would wait longer than this test.
    const forEver = { interval: '24h', timeout: '24h' };
    for (let i = 0; i < 100; i += 1) {
      world.api.put(modelBackends, external(hanging.url, { health: forEver }, `hanging-${i}`));
    }
    await until(() => expect(hanging.requests.length).toBe(100));
    await readyEngine(world);
    apply(world, { image: 'example.com/llama.cpp:2' });
    const image = () => world.api.get(kinds.deployments, key('llama')).spec.template.spec.containers[0]?.image;
    await until(() => expect(image()).toBe('example.com/llama.cpp:2'));
    world.api.put(modelBackends, external(hanging.url, { health: HEALTH }, 'impatient'));
    await until(() => expect(world.condition('Ready', 'impatient')).toBe('False/Timeout'));
    await hanging.close();
  });
});

test('an engine with a key is started with it, asked with it, and started anew when it changes', async () => {
  await using world = await startWorld();
  world.api.put(kinds.secrets, secret('k1'));
  await readyEngine(world, {}, AUTH);
  expect(new Set(server.requests.map(({ headers }) => headers['authorization']))).toEqual(new Set(['Bearer k1']));
  const template = () => world.api.get(kinds.deployments, key('llama')).spec.template;
  const { annotations, labels } = template().metadata;
  expect(template().spec.containers[0]?.env).toContainEqual({
    name: 'LLAMA_API_KEY',
    valueFrom: { secretKeyRef: AUTH.auth.secretRef },
  });
  world.api.put(kinds.secrets, secret('k2'));
  await until(() => expect(template().metadata.annotations).not.toEqual(annotations));
  expect(template().metadata.labels).toEqual(labels);
});
