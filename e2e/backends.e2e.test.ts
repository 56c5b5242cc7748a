/** Backends that the operator does not run: a hosted API with a key, and a Service that is already there. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { places } from './cluster/places.ts';
import type { RunningProcess } from './cluster/provider.ts';
import { llamaProgram } from './engines/llama.ts';
import { conditionOf } from './fleet.ts';
import { modelBackend } from './manifests.ts';
import { read, untilCondition, useWorld } from './world.ts';

const world = useWorld('backends', 'processes', 'pods');
const HOST = '10.200.0.1';
const ENGINE = 18_080;
const GATEWAY = 18_081;
const MODELS = [{ name: 'small', upstreamName: 'tiny', tasks: ['Chat', 'Completion'] }];
const QUICK = { interval: '1s', timeout: '1s', failureThreshold: 2 };

let folder = '';
const running: RunningProcess[] = [];

beforeAll(async () => {
  if (!world.possible) return;
  const engine = await llamaProgram({ cache: places(process.env).cache, alias: 'tiny', host: HOST, port: ENGINE });
  ({ folder } = engine);
  running.push(await world.cluster.run(engine.command, engine.args, { name: 'engine', env: engine.env }));
  const gateway = [
    join(import.meta.dirname, 'engines/gateway.ts'),
    HOST,
    String(GATEWAY),
    `http://${HOST}:${ENGINE}`,
    'open-sesame',
  ];
  running.push(await world.cluster.run(process.execPath, gateway, { name: 'gateway' }));
});
afterAll(async () => {
  for (const process of running) await process.stop();
  if (folder !== '') await rm(folder, { recursive: true });
});

const secret = (key: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'hosted' },
  stringData: { key },
});

describe('a hosted API that asks for a key', () => {
  test('is refused without the Secret that it names, and says which', async () => {
    await world.kube.apply(
      modelBackend('hosted', {
        type: 'External',
        models: MODELS,
        external: { url: `http://${HOST}:${GATEWAY}`, allowInsecure: true },
        auth: { type: 'Bearer', secretRef: { name: 'hosted', key: 'key' } },
        health: QUICK,
      }),
    );
    const said = await untilCondition(
      world,
      'modelbackends',
      'hosted',
      { type: 'Accepted', status: 'False', reason: 'SecretNotFound' },
      10_000,
    );
    expect(conditionOf(said, 'Accepted')?.message).toContain('spec.auth.secretRef');
  });

  test('says Unauthorized for a wrong key, and never shows it', async () => {
    await world.kube.apply(secret('a-wrong-key'));
    await untilCondition(
      world,
      'modelbackends',
      'hosted',
      { type: 'Reachable', status: 'False', reason: 'Unauthorized' },
      15_000,
    );
    expect(JSON.stringify((await read(world, 'modelbackends', 'hosted')).status)).not.toContain('a-wrong-key');
  });

  test('is Ready within seconds of the right key', async () => {
    await world.kube.apply(secret('open-sesame'));
    const ready = await untilCondition(world, 'modelbackends', 'hosted', { type: 'Ready', status: 'True' }, 10_000);
    expect(ready.status?.models).toEqual([expect.objectContaining({ name: 'small', state: 'Loaded' })]);
  });
});

test('a Service that is already there becomes Ready, and unready when nobody answers behind it', async () => {
  await world.kube.apply([
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'engine' },
      spec: { ports: [{ name: 'http', port: 80, targetPort: ENGINE }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'engine-1', labels: { 'kubernetes.io/service-name': 'engine' } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: ENGINE }],
      endpoints: [{ addresses: [HOST] }],
    },
  ]);
  await world.kube.apply(
    modelBackend('there', { type: 'Service', models: MODELS, service: { name: 'engine', port: 80 }, health: QUICK }),
  );
  const ready = await untilCondition(world, 'modelbackends', 'there', { type: 'Ready', status: 'True' }, 15_000);
  expect(ready.status?.['addresses']).toEqual([
    expect.objectContaining({ url: `http://engine.${world.namespace}.svc:80` }),
  ]);
  await running[0]?.stop('SIGKILL');
  const gone = await untilCondition(world, 'modelbackends', 'there', { type: 'Ready', status: 'False' }, 15_000);
  expect(conditionOf(gone, 'Reachable')?.status).toBe('False');
});
