/** The operator dies in the middle of its work, or hands it over: everything converges, once, and soon. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from './api.ts';
import { kubectl } from './cluster/kubectl.ts';
import { type Condition, installCharts, SYSTEM_NAMESPACE } from './fleet.ts';
import { mcpServer, ON_FAKE_NODES } from './manifests.ts';
import { killContainer, leaderIdentity, operatorPods, type Pod, untilOperators } from './pods.ts';
import { until } from './until.ts';
import { useWorld } from './world.ts';

const world = useWorld('failover', 'processes', 'kwok');

beforeAll(async () => {
  if (!world.possible) return;
  await untilOperators(world, 1);
});

const fleet = () => `/apis/mcpfleet.dev/v1alpha1/namespaces/${world.namespace}/mcpservers`;
const nameOf = (i: number) => `server-${String(i).padStart(2, '0')}`;
const create = (i: number) =>
  world.api.must('POST', fleet(), mcpServer(nameOf(i), { ...ON_FAKE_NODES, storage: { type: 'Embedded' } }));

/** Every child of a server with a volume, and where it is. */
const CHILDREN = {
  deployments: ['/apis/apps/v1', ''],
  services: ['/api/v1', ''],
  serviceaccounts: ['/api/v1', ''],
  configmaps: ['/api/v1', '-config'],
  secrets: ['/api/v1', '-keys'],
  persistentvolumeclaims: ['/api/v1', '-data'],
} as const;

async function children(resource: keyof typeof CHILDREN): Promise<readonly KubeObject[]> {
  const selector = encodeURIComponent('app.kubernetes.io/managed-by=mcp-fleet');
  const path = `${CHILDREN[resource][0]}/namespaces/${world.namespace}/${resource}?labelSelector=${selector}`;
  return (await world.api.must('GET', path)).items ?? [];
}

const isAccepted = ({ metadata, status }: KubeObject): boolean =>
  ((status as { conditions?: readonly Condition[] } | undefined)?.conditions ?? []).some(
    (condition) =>
      condition.type === 'Accepted' &&
      condition.status === 'True' &&
      condition.observedGeneration === metadata?.generation,
  );

test('killed in the middle of 50 creations, it makes every child once when it is back', async () => {
  for (let i = 0; i < 25; i++) await create(i);
  await until('the first children', 10_000, async () => (await children('deployments')).length >= 5);
  const [pod] = await operatorPods(world);
  await killContainer(pod as Pod);
  const atDeath = (await children('deployments')).length;
  for (let i = 25; i < 50; i++) await create(i);
  expect(atDeath).toBeLessThan(50);

  const servers = await until('all 50 accepted', 60_000, async () => {
    const { items = [] } = await world.api.must('GET', fleet());
    return items.length === 50 && items.every(isAccepted) ? items : undefined;
  });
  expect((await operatorPods(world))[0]?.status.containerStatuses?.[0]?.restartCount).toBe(1);
  const owners = new Map(servers.map(({ metadata }) => [metadata?.name, metadata?.uid]));
  for (const [resource, [, suffix]] of Object.entries(CHILDREN)) {
    const found = await children(resource as keyof typeof CHILDREN);
    expect(found.map(({ metadata }) => metadata?.name ?? '').sort()).toEqual(
      Array.from({ length: 50 }, (_, i) => `${nameOf(i)}${suffix}`),
    );
    if (resource === 'persistentvolumeclaims') continue; // they are to outlive their servers
    for (const { metadata } of found)
      expect(metadata?.ownerReferences?.map(({ uid }) => uid)).toEqual([
        owners.get(metadata?.name?.slice(0, metadata.name.length - suffix.length)),
      ]);
  }
});

describe('with two operators', () => {
  beforeAll(async () => {
    if (!world.possible) return;
    await installCharts(world.cluster, { values: ['replicas=2'] });
    await untilOperators(world, 2);
  });
  afterAll(async () => {
    if (!world.possible) return;
    await installCharts(world.cluster);
    await untilOperators(world, 1);
  });

  /** The pod that leads and the one that stands by. */
  async function roles(): Promise<{ leader: Pod; standby: Pod; identity: string }> {
    const pods = await untilOperators(world, 2);
    const identity = await leaderIdentity(world);
    const leader = pods.find(({ metadata }) => identity.startsWith(`${metadata.name}-`));
    const standby = pods.find((pod) => pod !== leader);
    if (!leader || !standby) throw new Error(`${identity} is none of the operator's pods`);
    return { leader, standby, identity };
  }

  let edits = 0;

  /** Milliseconds until another leads, and until an edit that was made without a leader has reached its child. */
  async function takeover(identity: string): Promise<{ leads: number; serves: number }> {
    const began = performance.now();
    const mark = `edit-${(edits += 1)}`;
    await until('another leader', 20_000, async () => {
      const now = await leaderIdentity(world);
      return now !== '' && now !== identity;
    });
    const leads = performance.now() - began;
    await world.api.patch(`${fleet()}/${nameOf(0)}`, { spec: { podTemplate: { annotations: { mark } } } });
    await until('the edit', 20_000, async () => {
      const child = await world.api.must('GET', `/apis/apps/v1/namespaces/${world.namespace}/deployments/${nameOf(0)}`);
      return JSON.stringify(child['spec']).includes(mark);
    });
    return { leads, serves: performance.now() - began };
  }

  test('one leads; told to stop, it hands over to the other within a second', async () => {
    const { leader, standby, identity } = await roles();
    const system = kubectl(world.cluster).in(SYSTEM_NAMESPACE);
    await system.run(['delete', 'pod', leader.metadata.name, '--wait=false']);
    const { leads, serves } = await takeover(identity);
    console.log(`stopped: another leads after ${leads.toFixed(0)} ms, an edit is served after ${serves.toFixed(0)} ms`);
    expect(leads).toBeLessThan(1000);
    expect(serves).toBeLessThan(2000);
    expect(await leaderIdentity(world)).toContain(standby.metadata.name);
  });

  test('one leads; killed without a word, it is succeeded within 6 s', async () => {
    const { leader, identity } = await roles();
    await killContainer(leader);
    const { leads, serves } = await takeover(identity);
    console.log(`killed: another leads after ${leads.toFixed(0)} ms, an edit is served after ${serves.toFixed(0)} ms`);
    expect(leads).toBeLessThan(6000);
    expect(serves).toBeLessThan(7000);
  });
});
