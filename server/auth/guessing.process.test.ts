/**
 * How often the built-in issuer lets a secret be tried, at whole servers behind a proxy that they trust.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../app.testing.ts';
import type { ServerConfigInput } from '../config.ts';
import { startRedis } from '../redis/redis.testing.ts';

const SECRET = 'correct horse battery staple';
/** Attempts at once: from an address, and at an account. */
const [FROM, AT] = [10, 50];
const redis = await startRedis();
if ('missing' in redis) console.warn(`skipped: ${redis.missing}`);
let directory: string;
const apps: TestApp[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'built-in-'));
  await writeFile(join(directory, 'signing.key'), randomBytes(32));
  await writeFile(join(directory, 'admin'), SECRET);
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
  await rm(directory, { recursive: true });
});
afterAll(async () => {
  if ('stop' in redis) await redis.stop();
});

async function start(more: Partial<ServerConfigInput> = {}): Promise<TestApp> {
  const app = await startTestApp({
    auth: {
      type: 'BuiltIn',
      signingKeyFile: join(directory, 'signing.key'),
      bootstrapAdminFile: join(directory, 'admin'),
    },
    limits: { trustedProxies: ['127.0.0.0/8'] },
    ...more,
  });
  apps.push(app);
  return app;
}

type Form = Record<string, string>;
const attempt = (app: TestApp, from: string, form: Form, path = '/token', headers: Form = {}): Promise<Response> =>
  fetch(new URL(path, app.url), {
    method: 'POST',
    headers: { 'x-forwarded-for': from, ...headers },
    body: new URLSearchParams(form),
  });
const RIGHT = { grant_type: 'client_credentials', client_id: 'admin', client_secret: SECRET };
const WRONG = { ...RIGHT, client_secret: 'wrong horse battery staple' };
const times = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));

test('an address has ten attempts at once, right or wrong, and is told when to come back', async () => {
  const app = await start();
  const password = { grant_type: 'password', username: 'admin', password: 'x' };
  const statuses = await Promise.all(
    times(FROM, (at) =>
      attempt(app, `198.51.100.9, 203.0.113.1`, [WRONG, password, RIGHT][at % 3] ?? {}, '/token', {
        'x-real-ip': `${at}`,
      }),
    ),
  );
  expect(new Set(statuses.map(({ status }) => status))).toEqual(new Set([401, 400, 200]));
  const refused = await attempt(app, '198.51.100.8, 203.0.113.1', RIGHT);
  expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('cache-control')]).toEqual([
    429,
    '1',
    'no-store',
  ]);
  expect(await refused.json()).toMatchObject({ error: 'temporarily_unavailable' });
  // A token that is taken back costs its holder's secret just as well.
  expect((await attempt(app, '203.0.113.1', { ...WRONG, token: 'x' }, '/revoke')).status).toBe(429);
  expect((await attempt(app, '203.0.113.2', RIGHT)).status).toBe(200);
  const metrics = await (await fetch(`${app.healthUrl}/metrics`)).text();
  expect(metrics).toContain('mcp_server_requests_refused_total{reason="attempts"} 2');
});

test('an account has fifty at once, from however many addresses, however they name it', async () => {
  const app = await start();
  const basic = { authorization: `Basic ${Buffer.from('admin:wrong').toString('base64')}` };
  const ways = [
    (from: string) => attempt(app, from, WRONG),
    (from: string) => attempt(app, from, { grant_type: 'client_credentials' }, '/token', basic),
    (from: string) => attempt(app, from, { grant_type: 'password', username: 'admin', password: 'x', client_id: 'y' }),
    (from: string) => attempt(app, from, { token: 'x', username: 'y' }, '/revoke', basic),
  ];
  const tried = await Promise.all(times(AT, async (at) => ways[at % 4]?.(`203.0.113.${at}`)));
  expect(tried.map((answer) => answer?.status)).not.toContain(429);
  for (const way of ways) expect((await way('203.0.113.200')).status).toBe(429);
  expect((await attempt(app, '203.0.113.200', { ...WRONG, client_id: 'nobody' })).status).toBe(401);
});

test('a token that one has goes on working meanwhile', async () => {
  const app = await start();
  const { access_token: token } = (await (await attempt(app, '203.0.113.1', RIGHT)).json()) as { access_token: string };
  await Promise.all(times(2 * FROM, () => attempt(app, '203.0.113.1', WRONG)));
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  expect((await fetch(app.url, { method: 'POST', headers, body })).status).toBe(200);
});

test.skipIf('missing' in redis)('over all pods where they share a Redis', async () => {
  const shared = { redis: { urlFile: 'missing' in redis ? '' : redis.urlFile } };
  const pods = [await start(shared), await start(shared)];
  for (const pod of pods) await expect.poll(() => pod.runtime.redis?.commands.status).toBe('ready');
  const statuses = await Promise.all(
    times(3 * FROM, async (at) => (await attempt(pods[at % 2] as TestApp, '203.0.113.1', WRONG)).status),
  );
  expect(statuses.filter((status) => status === 401)).toHaveLength(FROM);
});
