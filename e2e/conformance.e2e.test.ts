/** The official conformance suite through the ingress against three pods, and against a fleet that is no fixture. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Forward } from './cluster/provider.ts';
import { FIXTURES, PLAIN } from './conformance/legs.ts';
import { runLegs } from './conformance/run.ts';
import { type LegScores, optionalFailures, requiredFailures } from './conformance/scores.ts';
import { deployEverything, type Target } from './conformance/target.ts';
import { IN_POSTGRES, mcpServer } from './manifests.ts';
import { examined, ingressUrl, untilCondition, useWorld } from './world.ts';

const world = useWorld('conformance', 'pods', 'ingress', 'processes');
let everything: Target | undefined;

beforeAll(async () => {
  if (world.possible) everything = await deployEverything(world.cluster, world.namespace, world.kube);
});
afterAll(async () => {
  await everything?.[Symbol.asyncDispose]();
});

const print = (line: string): void => console.info(line);

describe('the toolset of fixtures in three pods', () => {
  let scores: readonly LegScores[] = [];
  beforeAll(async () => {
    if (everything) scores = await runLegs(FIXTURES, everything, { print });
  });

  test('passes every scenario that a revision requires', () => {
    expect(scores.length).toBe(FIXTURES.length);
    expect(requiredFailures(scores)).toEqual([]);
  });

  test('passes what is optional: pending scenarios, Tasks, Skills', () => {
    expect(optionalFailures(scores)).toEqual([]);
  });
});

describe('a fleet of three pods with the toolset tasks', () => {
  let direct: Forward | undefined;
  beforeAll(async () => {
    if (!world.possible) return;
    const exposure = { type: 'Ingress', host: 'localhost', path: '/tasks' };
    await world.kube.apply(mcpServer('plain', { ...IN_POSTGRES, exposure, replicas: 3, rollout: { drain: '1s' } }));
    await untilCondition(world, 'mcpservers', 'plain', { type: 'Ready', status: 'True' }, 60_000);
    direct = await world.cluster.forward({ namespace: world.namespace, service: 'plain', port: 80 });
  });
  afterAll(() => direct?.close());

  test('passes every scenario that needs no fixtures', async () => {
    const server = { front: await ingressUrl(world, 'plain'), direct: `${direct?.url}/tasks` };
    expect(requiredFailures(await runLegs(PLAIN, server, { print }))).toEqual([]);
  });

  test('says so in its status when it is asked to', async () => {
    const told = await examined(world, 'plain', 'first');
    expect(told).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+\.\d+/), total: expect.any(Number) });
    expect(told['passed']).toBe(told['total']);
  });
});
