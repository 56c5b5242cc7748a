/**
 * A managed engine and its children, from the spec to the cluster and back to the status.
 */
import { describe, expect, test } from 'vitest';
import { findCondition } from '#operator/kit/conditions.ts';
import type { KubeObject } from '#operator/kit/object.ts';
import * as kinds from '#operator/kit/resources.ts';
import { modelBackends } from '#operator/workload/customresources.ts';
import { key, until } from '#operator/workload/testing/cluster.ts';
import { secret } from './testing/fixtures.ts';
import { KEY } from './testing/specs.ts';
import { SCALED, startWorld } from './testing/world.ts';

describe('a managed engine', () => {
  test('gets its children, is ready once its model answered, and costs at most three status writes', async () => {
    await using world = await startWorld();
    await world.serve();
    await world.quiet();
    expect(world.status()).toMatchObject({
      observedGeneration: 1,
      addresses: [{ url: `http://llama.team-a.svc:${world.engine.port}`, protocol: 'OpenAI', pathPrefix: '' }],
      models: [{ name: 'tiny', state: 'Loaded' }],
      replicas: 1,
      readyReplicas: 1,
    });
    expect(world.engine.requests.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['/v1/models', '/v1/chat/completions']),
    );
    expect(world.statusWrites()).toBeLessThanOrEqual(3);
    await until(() => expect(world.events()).toEqual(['Normal Ready']));
  });

  test('is left alone by an operator that starts anew, and never looks unready to it', async () => {
    await using world = await startWorld();
    await world.serve();
    await world.quiet();
    world.api.writes.length = 0;
    const asked = world.engine.requests.length;
    await world.restart();
    await until(() => expect(world.engine.requests.length).toBeGreaterThanOrEqual(asked + 2));
    await world.quiet();
    expect(world.api.writes).toEqual([]);
  });

  test('gets there although the API server fails now and then', async () => {
    await using world = await startWorld();
    let n = 0;
    const third = ({ method }: { readonly method: string }) => method === 'PATCH' && n++ % 3 === 0;
    world.api.faults.inject({ kind: 'status', code: 500 }, third, Number.POSITIVE_INFINITY);
    await world.serve(SCALED);
    expect(n).toBeGreaterThan(3);
  });

  test('leaves nothing but the claim with its weights behind', async () => {
    await using world = await startWorld();
    await world.serve(SCALED);
    world.api.remove(modelBackends, key('llama'));
    for (const resource of [kinds.deployments, kinds.services, kinds.horizontalPodAutoscalers]) {
      await until(() => expect(world.api.find(resource as typeof kinds.services, key('llama'))).toBeUndefined());
    }
    await world.quiet();
    expect(world.api.find(kinds.persistentVolumeClaims, key('llama-cache'))).toBeDefined();
  });

  test('takes up the claim of an earlier one of its name', async () => {
    await using world = await startWorld();
    await world.serve(SCALED);
    const { uid } = world.api.get(kinds.persistentVolumeClaims, key('llama-cache')).metadata;
    world.api.remove(modelBackends, key('llama'));
    await until(() => expect(world.api.find(kinds.deployments, key('llama'))).toBeUndefined());
    await world.serve(SCALED);
    expect(world.api.get(kinds.persistentVolumeClaims, key('llama-cache')).metadata.uid).toBe(uid);
  });

  test('with a key is started with it, asked with it, and started anew when it changes', async () => {
    await using world = await startWorld();
    world.api.put(kinds.secrets, secret('k1'));
    await world.serve({}, KEY);
    expect(new Set(world.engine.requests.map(({ headers }) => headers['authorization']))).toEqual(
      new Set(['Bearer k1']),
    );
    const template = () => world.api.get(kinds.deployments, key('llama')).spec.template;
    const { annotations, labels } = template().metadata;
    expect(template().spec.containers[0]?.env).toContainEqual({
      name: 'LLAMA_API_KEY',
      valueFrom: { secretKeyRef: KEY.auth.secretRef },
    });
    world.api.put(kinds.secrets, secret('k2'));
    await until(() => expect(template().metadata.annotations).not.toEqual(annotations));
    expect(template().metadata.labels).toEqual(labels);
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
      world.apply(SCALED);
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
    world.apply();
    await world.until('Accepted', 'False/NameConflict');
    expect(world.condition('Ready')).toBe('False/NameConflict');
    expect(world.status()?.addresses).toBeUndefined();
    expect(world.api.get(kinds.services, key('llama')).spec).toEqual(spec);
    expect(world.api.find(kinds.deployments, key('llama'))).toBeUndefined();
    world.api.remove(kinds.services, key('llama'));
    await world.untilDeployed();
    await world.until('Accepted', 'True/Accepted');
  });

  test('that is a claim of somebody else is a conflict, too', async () => {
    await using world = await startWorld();
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: key('llama-cache'), spec };
    world.api.put(kinds.persistentVolumeClaims, claim);
    world.apply(SCALED);
    await world.until('Accepted', 'False/NameConflict');
    expect(world.api.get(kinds.persistentVolumeClaims, key('llama-cache')).spec).toEqual(spec);
  });

  test('that is no longer wanted goes, and a foreign one of its name stays', async () => {
    await using world = await startWorld();
    await world.serve(SCALED);
    const { autoscaling: _, ...rest } = SCALED;
    world.apply({ ...rest, replicas: 1 });
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
    world.apply();
    await world.until('Accepted', 'False/UnsupportedCombination');
    expect(findCondition(world.status()?.conditions, 'Accepted')?.message).toContain('Deployment llama');
  });
});
