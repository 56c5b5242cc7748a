import { afterEach, beforeEach, expect, test } from 'vitest';
import { Controller, done } from './controller.ts';
import { LeaderElection } from './lease.ts';
import { silentLogger } from './log.ts';
import { Manager, type Runnable } from './manager.ts';
import { createMetrics } from './metrics.ts';
import { childProjection } from './projection.ts';
import * as kinds from './resources.ts';
import { createClient, type RestClient } from './rest-client.ts';
import { startTestApi, type TestApi } from './testing/api.ts';

let api: TestApi;
let client: RestClient;
const key = { namespace: 'a', name: 'x' };
const poll = { timeout: 5000, interval: 5 };

beforeEach(async () => {
  api = await startTestApi();
  client = createClient({ config: api.config });
});
afterEach(async () => {
  await client.close();
  await api.close();
});

interface Process {
  readonly manager: Manager;
  readonly runs: string[];
  readonly stop: () => Promise<void>;
  readonly fatal: unknown[];
}

function start(
  identity: string,
  reconcile: () => Promise<void> = async () => undefined,
  runnable: Runnable = () => Promise.resolve(),
): Process {
  const metrics = createMetrics();
  const runs: string[] = [];
  const fatal: unknown[] = [];
  const end = (error: unknown): void => void fatal.push(error);
  const shared = { client, log: silentLogger, fatal: end };
  const lease = {
    ...shared,
    metrics,
    key: { namespace: 'a', name: 'operator' },
    identity,
    durationMs: 600,
    renewDeadlineMs: 400,
    retryMs: 60,
  };
  const health = { host: '127.0.0.1', port: 0 };
  const manager = new Manager({
    ...shared,
    metrics,
    health,
    election: new LeaderElection(lease),
    frozen: true,
  });
  const informer = manager.informer(kinds.configMaps, childProjection());
  const controller = new Controller({
    ...shared,
    name: identity,
    metrics,
    reconcile: async ({ name }) => {
      runs.push(name);
      await reconcile();
      return done;
    },
  });
  controller.for(informer);
  manager.add(controller);
  manager.addRunnable(runnable);
  const signal = new AbortController();
  const running = manager.run(signal.signal);
  return {
    manager,
    runs,
    fatal,
    stop: () => {
      signal.abort();
      return running;
    },
  };
}

async function ask(process: Process, path: string): Promise<[number, string]> {
  const response = await fetch(`http://127.0.0.1:${process.manager.healthPort}${path}`);
  return [response.status, await response.text()];
}

test('the leader works, the standby is ready and follows when the leader ends in order', async () => {
  api.put(kinds.configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: key });
  const first = start('first');
  await expect.poll(() => first.runs, poll).toEqual(['x']);
  const second = start('second');
  await expect.poll(() => second.manager.unready(), poll).toBeUndefined();
  expect(await ask(second, '/readyz')).toEqual([200, 'ok']);
  expect(second.runs).toEqual([]);
  await first.stop();
  await expect.poll(() => second.runs, poll).toEqual(['x']);
  const [, metrics] = await ask(second, '/metrics');
  expect(metrics.split('\n')).toEqual(
    expect.arrayContaining([
      'leader_election_master_status{name="operator"} 1',
      'controller_runtime_reconcile_total{controller="second",result="success"} 1',
    ]),
  );
  await second.stop();
  expect([...first.fatal, ...second.fatal]).toEqual([]);
});

test('readiness names the caches that are missing', async () => {
  api.faults.inject(
    { kind: 'status', code: 403 },
    ({ path }) => path.endsWith('/configmaps'),
    Number.POSITIVE_INFINITY,
  );
  const process = start('only');
  await expect.poll(() => process.manager.healthPort, poll).toBeDefined();
  expect(await ask(process, '/readyz')).toEqual([503, 'caches not complete: configmaps']);
  expect((await ask(process, '/healthz'))[0]).toBe(200);
  expect((await ask(process, '/other'))[0]).toBe(404);
  await process.stop();
});

test('on the way down a running reconcile ends first, while the lease is still held, and nothing is ready', async () => {
  api.put(kinds.configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: key });
  const gate = Promise.withResolvers<undefined>();
  const seen: (string | undefined)[] = [];
  const holder = (): string | undefined =>
    api.find(kinds.leases, { namespace: 'a', name: 'operator' })?.spec.holderIdentity;
  const process = start(
    'only',
    async () => {
      await gate.promise;
      seen.push(holder());
    },
    async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await new Promise((resolve) => setTimeout(resolve, 50));
      seen.push(holder());
    },
  );
  await expect.poll(() => process.runs, poll).toEqual(['x']);
  const stopped = process.stop();
  expect(await ask(process, '/readyz')).toEqual([503, 'stopping']);
  gate.resolve(undefined);
  await stopped;
  expect([seen, holder()]).toEqual([['only', 'only'], '']);
});
