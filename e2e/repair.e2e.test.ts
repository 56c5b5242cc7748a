/** Whatever happens to a child, it is as the operator made it again within a second. */
import { beforeAll, expect, test } from 'vitest';
import type { KubeObject } from './api.ts';
import { exposedIn, mcpServer } from './manifests.ts';
import { until } from './until.ts';
import { untilCondition, useWorld } from './world.ts';

const world = useWorld('repair');

beforeAll(async () => {
  await world.kube.apply(
    mcpServer('sturdy', {
      backends: { selector: { matchLabels: { tier: 'none' } } },
      ...exposedIn(world.namespace),
    }),
  );
  await until('all children', 60_000, async () =>
    (await Promise.all(CHILDREN.map(({ path }) => world.api.call('GET', path())))).every(({ code }) => code === 200),
  );
});

interface Child {
  readonly name: string;
  readonly path: () => string;
  /** JSON patch by a stranger. */
  readonly edit?: readonly Readonly<Record<string, unknown>>[];
}

const at =
  (group: string, resource: string, name = 'sturdy') =>
  () =>
    `${group}/namespaces/${world.namespace}/${resource}/${name}`;
const replace = (path: string, value: unknown) => [{ op: 'replace', path, value }];

const CHILDREN: readonly Child[] = [
  { name: 'Service', path: at('/api/v1', 'services'), edit: replace('/spec/ports/0/port', 9999) },
  {
    name: 'ConfigMap',
    path: at('/api/v1', 'configmaps', 'sturdy-config'),
    edit: replace('/data/server.yaml', 'broken: true'),
  },
  {
    name: 'ServiceAccount',
    path: at('/api/v1', 'serviceaccounts'),
    edit: replace('/metadata/labels/app.kubernetes.io~1instance', 'other'),
  },
  { name: 'Secret', path: at('/api/v1', 'secrets', 'sturdy-keys') },
  { name: 'Role', path: at('/apis/rbac.authorization.k8s.io/v1', 'roles'), edit: replace('/rules', []) },
  {
    name: 'RoleBinding',
    path: at('/apis/rbac.authorization.k8s.io/v1', 'rolebindings'),
    edit: replace('/subjects/0/name', 'other'),
  },
  {
    name: 'Ingress',
    path: at('/apis/networking.k8s.io/v1', 'ingresses'),
    edit: replace('/spec/rules/0/host', 'other.localhost'),
  },
  {
    name: 'Deployment',
    path: at('/apis/apps/v1', 'deployments'),
    edit: replace('/spec/template/spec/containers/0/image', 'mcpfleet.local/other:1'),
  },
];

/** What a person wrote or the operator made of it; leaves out what the API server counts. */
function essence({ metadata, ...body }: KubeObject): string {
  return JSON.stringify({ labels: metadata?.labels, ...body, status: undefined });
}

const times: number[] = [];

async function timed(repaired: () => Promise<boolean>): Promise<void> {
  const began = performance.now();
  await until('the repair', 10_000, repaired);
  times.push(performance.now() - began);
}

test.each(CHILDREN)('a deleted $name comes back', async ({ path }) => {
  for (let round = 0; round < 4; round++) {
    const before = await world.api.must('GET', path());
    await world.api.must('DELETE', `${path()}?propagationPolicy=Background`);
    await timed(async () => {
      const { code, body } = await world.api.call('GET', path());
      return (
        code === 200 && body.metadata?.uid !== before.metadata?.uid && body.metadata?.deletionTimestamp === undefined
      );
    });
  }
});

test.each(CHILDREN.filter(({ edit }) => edit !== undefined))('an edited $name is as it was', async ({ path, edit }) => {
  for (let round = 0; round < 3; round++) {
    const before = essence(await world.api.must('GET', path()));
    const { code } = await world.api.patch(path(), edit, 'json');
    expect(code).toBe(200);
    await timed(async () => essence(await world.api.must('GET', path())) === before);
  }
});

test('of more than 50 repairs 99 % took less than a second', () => {
  const sorted = times.toSorted((a, b) => a - b);
  expect(sorted.length).toBeGreaterThanOrEqual(50);
  expect(sorted[Math.ceil(sorted.length * 0.99) - 1]).toBeLessThan(1000);
});

test('the keys of a server are made once and never written again', async () => {
  const path = at('/api/v1', 'secrets', 'sturdy-keys')();
  const before = await world.api.must('GET', path);
  await world.kube.run(['annotate', 'mcpserver', 'sturdy', 'touched=yes']);
  await world.kube.apply(
    mcpServer('sturdy', {
      backends: { selector: { matchLabels: { tier: 'none' } } },
      ...exposedIn(world.namespace),
      telemetry: { logLevel: 'debug' },
    }),
  );
  await untilCondition(world, 'mcpservers', 'sturdy', { type: 'Accepted', status: 'True' }, 10_000);
  expect((await world.api.must('GET', path)).metadata?.resourceVersion).toBe(before.metadata?.resourceVersion);
});
