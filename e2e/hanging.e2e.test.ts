/** Servers that accept a connection and never answer hold up nobody but themselves. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { followAudit } from './audit.ts';
import type { RunningProcess } from './cluster/provider.ts';
import { conditionOf } from './fleet.ts';
import { exposedIn, mcpServer, ON_FAKE_NODES } from './manifests.ts';
import { until } from './until.ts';
import { fleetPath, OPERATOR, read, untilCondition, useWorld } from './world.ts';

const world = useWorld('hanging', 'processes', 'kwok', 'auditLog');
const HANGING = 100;
const EDITS = 25;
let silence: RunningProcess | undefined;

beforeAll(async () => {
  if (!world.possible) return;
  silence = await world.cluster.run(process.execPath, [join(import.meta.dirname, 'silence.ts')], { name: 'silence' });
  await until('the silence', 5000, async () => (await connections()) === 0);
  await world.kube.apply(mcpServer('lively', exposedIn(world.namespace)));
  await untilCondition(world, 'mcpservers', 'lively', { type: 'Ready', status: 'True' }, 60_000);
});
afterAll(async () => {
  await silence?.stop();
});

/** Connections that were taken and are not answered. */
async function connections(): Promise<number> {
  const lines = (await readFile(silence?.log ?? '', 'utf8')).trim().split('\n');
  return Number(lines.at(-1));
}

/** Milliseconds from an edit of the lively server to its child, by the API server's clock; the median of several. */
async function medianEdit(round: string): Promise<number> {
  using audit = followAudit(inject('cluster').auditLog ?? '');
  const times: number[] = [];
  for (let i = 0; i < EDITS; i++) {
    audit.read();
    const ingress = { annotations: { 'example.com/edit': `${round}-${i}` } };
    const began = Date.now();
    await world.api.patch(fleetPath(world.namespace, 'mcpservers', 'lively'), { spec: { exposure: { ingress } } });
    const reached = await until('the edit', 30_000, async () =>
      audit
        .read()
        .find(
          ({ user, verb, resource, namespace }) =>
            user === OPERATOR && verb === 'patch' && resource === 'ingresses' && namespace === world.namespace,
        ),
    );
    times.push(reached.answeredAt - began);
  }
  return times.toSorted((a, b) => a - b)[EDITS >> 1] ?? Number.NaN;
}

test(`an edit reaches its child as fast beside ${HANGING} servers that accept and never answer as without them`, async () => {
  const without = await medianEdit('without');
  await world.kube.apply(Array.from({ length: HANGING }, (_, i) => mcpServer(`hanging-${i}`, ON_FAKE_NODES)));
  await until('all that is asked to be connected', 60_000, async () => (await connections()) >= HANGING);
  const beside = await medianEdit('beside');
  console.log(`an edit reaches its child after ${without} ms alone, ${beside} ms beside ${HANGING} hanging servers`);
  expect(beside).toBeLessThanOrEqual(without * 1.5);

  const told = await untilCondition(
    world,
    'mcpservers',
    'hanging-7',
    { type: 'Verified', status: 'False', reason: 'Timeout' },
    60_000,
  );
  expect(conditionOf(told, 'Ready')).toMatchObject({ status: 'False', reason: 'Timeout' });
  expect(conditionOf(await read(world, 'mcpservers', 'lively'), 'Ready')?.status).toBe('True');
});
