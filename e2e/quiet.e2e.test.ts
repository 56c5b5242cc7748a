/** A fleet that has converged is left alone: no write, no list, only the Lease. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type AuditFollower, followAudit, isWrite, type Request } from './audit.ts';
import {
  mcpServer,
  modelBackend,
  needs,
  ON_FAKE_NODES,
  OPERATOR,
  openWorld,
  tinyModel,
  until,
  untilCondition,
  type World,
} from './world.ts';

const possible = needs('auditLog', 'pods', 'kwok');
const QUIET_MS = 60_000;
let world: World;

beforeAll(async () => {
  if (!possible) return;
  world = await openWorld('quiet');
  const asks = {
    toolsets: [{ name: 'tasks', config: { route: 'chat' } }],
    backends: { names: ['tiny'] },
    inference: { routes: [{ name: 'chat', targets: [{ backend: 'tiny', model: 'tiny' }] }] },
  };
  const onFakeNodes = { scheduling: ON_FAKE_NODES };
  await world.kube.apply([
    tinyModel('tiny'),
    mcpServer('asks', { ...asks, exposure: { type: 'Ingress', host: `${world.namespace}.localhost` } }),
    mcpServer('alone'),
    ...Array.from({ length: 10 }, (_, i) => mcpServer(`fake-${i}`, { ...onFakeNodes, storage: { type: 'Embedded' } })),
    ...Array.from({ length: 5 }, (_, i) => tinyModel(`fake-${i}`, onFakeNodes)),
    modelBackend('refusing', {
      type: 'External',
      models: [{ name: 'big' }],
      external: { url: 'http://10.200.0.1:9', allowInsecure: true },
    }),
    mcpServer('mistaken', { toolsets: [{ name: 'unknown' }] }),
  ]);
  await untilCondition(world, 'modelbackends', 'tiny', { type: 'Ready', status: 'True' }, 60_000);
  await untilCondition(world, 'mcpservers', 'asks', { type: 'Ready', status: 'True' }, 60_000);
  await untilCondition(world, 'mcpservers', 'asks', { type: 'BackendsReady', status: 'True' }, 60_000);
  await untilCondition(world, 'modelbackends', 'refusing', { type: 'Reachable', status: 'False' }, 60_000);
});
afterAll(() => world?.[Symbol.asyncDispose]());

const operators = (audit: AuditFollower): readonly Request[] => audit.read().filter(({ user }) => user === OPERATOR);
const disturbs = (request: Request): boolean =>
  (isWrite(request) && request.resource !== 'leases') || request.verb === 'list';

test('in a minute the operator writes nothing but its Lease and lists nothing', async () => {
  using audit = followAudit(inject('cluster').auditLog ?? '');
  let last = performance.now();
  await until('ten seconds without a write', 90_000, async () => {
    if (operators(audit).some(disturbs)) last = performance.now();
    return performance.now() - last > 10_000;
  });
  await sleep(QUIET_MS);
  const requests = operators(audit);
  expect(requests.filter(disturbs)).toEqual([]);
  // Proof that the right user was counted.
  const renewals = requests.filter(({ resource, verb }) => resource === 'leases' && verb === 'update');
  expect(renewals.length).toBeGreaterThan(QUIET_MS / 1000);
});
