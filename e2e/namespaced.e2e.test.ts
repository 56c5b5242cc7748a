/** The chart with `watchNamespaces`: rights in those namespaces alone, and work in them alone. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type AuditFollower, followAudit } from './audit.ts';
import { kubectl } from './cluster/kubectl.ts';
import { installCharts, SYSTEM_NAMESPACE, uninstallOperator } from './fleet.ts';
import { mcpServer, tinyModel } from './manifests.ts';
import { untilOperators } from './pods.ts';
import { OPERATOR, read, untilCondition, useWorld } from './world.ts';

const watched = useWorld('watched', 'auditLog', 'pods');
const other = useWorld('other', 'auditLog', 'pods');
let audit: AuditFollower;

beforeAll(async () => {
  if (!watched.possible) return;
  await uninstallOperator(watched.cluster);
  audit = followAudit(inject('cluster').auditLog ?? '');
  await installCharts(watched.cluster, { values: [`watchNamespaces={${watched.namespace}}`] });
  await untilOperators(watched, 1);
});
afterAll(async () => {
  if (!watched.possible) return;
  audit[Symbol.dispose]();
  await installCharts(watched.cluster);
});

test('there is no ClusterRole and no right outside of the namespace', async () => {
  const { cluster } = watched;
  const selector = 'app.kubernetes.io/name=mcp-fleet';
  expect(await kubectl(cluster).list('clusterroles,clusterrolebindings', selector)).toEqual([]);
  const may = (namespace: string) =>
    kubectl(cluster)
      .in(namespace)
      .run(['auth', 'can-i', 'list', 'secrets', `--as=${OPERATOR}`])
      .catch((error: Error) => error.message);
  expect(await may(watched.namespace)).toBe('yes\n');
  expect(await may(other.namespace)).not.toContain('yes');
});

test('servers and backends of the namespace are served, those of another are left alone', async () => {
  for (const world of [other, watched]) await world.kube.apply([tinyModel('tiny'), mcpServer('local')]);
  await untilCondition(watched, 'mcpservers', 'local', { type: 'Ready', status: 'True' }, 60_000);
  await untilCondition(watched, 'modelbackends', 'tiny', { type: 'Ready', status: 'True' }, 60_000);
  expect((await read(other, 'mcpservers', 'local')).status).toBeUndefined();
  expect((await read(other, 'modelbackends', 'tiny')).status).toBeUndefined();
  const labelled = await other.kube.list(
    'deployments,services,secrets,configmaps',
    'app.kubernetes.io/managed-by=mcp-fleet',
  );
  expect(labelled).toEqual([]);
  const asked = audit.read().filter(({ user, resource }) => user === OPERATOR && resource !== '');
  expect([...new Set(asked.map(({ namespace }) => namespace))].sort()).toEqual(
    [SYSTEM_NAMESPACE, watched.namespace].sort(),
  );
  expect(asked.filter(({ allowed }) => !allowed)).toEqual([]);
});

test('an upgrade to all namespaces takes the other in', async () => {
  await installCharts(watched.cluster);
  await untilCondition(other, 'mcpservers', 'local', { type: 'Ready', status: 'True' }, 60_000);
  await untilCondition(watched, 'mcpservers', 'local', { type: 'Ready', status: 'True' }, 10_000);
});
