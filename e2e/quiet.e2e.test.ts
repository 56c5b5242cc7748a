/** A fleet that has converged is left alone: no write, no list, only the Lease. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, inject, test } from 'vitest';
import { type AuditFollower, followAudit, isWrite, type Request } from './audit.ts';
import { ASKS_TINY, exposedIn, mcpServer, modelBackend, ON_FAKE_NODES, tinyModel } from './manifests.ts';
import { until } from './until.ts';
import { OPERATOR, untilCondition, useWorld } from './world.ts';

const world = useWorld('quiet', 'auditLog', 'pods', 'kwok');
const QUIET_MS = 60_000;

beforeAll(async () => {
  if (!world.possible) return;
  await world.kube.apply([
    tinyModel('tiny'),
    mcpServer('asks', { ...ASKS_TINY, ...exposedIn(world.namespace) }),
    mcpServer('alone'),
    ...Array.from({ length: 10 }, (_, i) =>
      mcpServer(`fake-${i}`, { ...ON_FAKE_NODES, storage: { type: 'Embedded' } }),
    ),
    ...Array.from({ length: 5 }, (_, i) => tinyModel(`fake-${i}`, ON_FAKE_NODES)),
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
