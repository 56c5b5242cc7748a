/**
 * Two servers of one name in two namespaces, over one Redis or one PostgreSQL: nothing of the one is the other's.
 */
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from './app.testing.ts';
import type { ServerConfigInput } from './config.ts';
import type { ServerEvent } from './events/event.ts';
import { post } from './protocol/clients.testing.ts';
import { startRedis } from './redis/redis.testing.ts';
import { startPostgres } from './store/postgres.testing.ts';

const redis = await startRedis();
const postgres = await startPostgres();
for (const started of [postgres, redis]) if ('missing' in started) console.warn(`skipped: ${started.missing}`);
const apps: TestApp[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});
afterAll(async () => {
  for (const started of [postgres, redis]) if ('stop' in started) await started.stop();
}, 20_000);

async function start(namespace: string, more: Partial<ServerConfigInput>): Promise<TestApp> {
  const app = await startTestApp({ name: 'assistant', namespace, toolsets: [{ name: 'news' }], ...more });
  apps.push(app);
  await expect.poll(() => app.runtime.bus.ready(), { timeout: 10_000 }).toBe(true);
  return app;
}

/** A pod of one server and two of the other. */
const startAll = async (more: Partial<ServerConfigInput>): Promise<[TestApp, TestApp, TestApp]> => [
  await start('team-a', more),
  await start('team-b', more),
  await start('team-b', more),
];

async function expectOwnEvents([a, b, other]: readonly [TestApp, TestApp, TestApp]): Promise<void> {
  const heard = [a, b].map((app) => {
    const events: ServerEvent[] = [];
    app.runtime.bus.subscribe((event) => events.push(event));
    return events;
  });
  other.runtime.bus.publish({ type: 'tools' });
  await expect.poll(() => heard[1]).toContainEqual({ type: 'tools' });
  expect(heard[0]).not.toContainEqual({ type: 'tools' });
}

describe.skipIf('missing' in redis)('over one Redis', () => {
  const urlFile = 'missing' in redis ? '' : redis.urlFile;

  test('neither spends the budgets of the other’s callers, and pods of one server share them', async () => {
    const [a, b, other] = await startAll({ redis: { urlFile }, limits: { requestsPerMinutePerCaller: 60 } });
    const status = async (app: TestApp): Promise<number> => (await post(app.url, 'tools/list')).status;
    for (let n = 0; n < 12; n += 1) await status(b);
    expect([await status(b), await status(other), await status(a)]).toEqual([429, 429, 200]);
  });

  test('neither hears the other’s events', async () => {
    await expectOwnEvents(await startAll({ redis: { urlFile } }));
  });
});

describe.skipIf('missing' in postgres)('over one PostgreSQL', () => {
  test('neither hears the other’s events', async () => {
    if ('missing' in postgres) return;
    const urlFile = await postgres.urlFile();
    await expectOwnEvents(await startAll({ storage: { type: 'Postgres', urlFile, poolSize: 2 } }));
  });
});
