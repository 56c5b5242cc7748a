/**
 * A server that issues tokens itself, on three pods: how its admin gets one through the ingress, what it allows, and that
 * every pod hears of its end. Clients choose the pod of a request where it matters.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loopbackFetch, post } from './clients.ts';
import { exposedAt, IN_POSTGRES, mcpServer } from './manifests.ts';
import { startPostgres } from './postgres.ts';
import { podUrls } from './single-pods.ts';
import { until } from './until.ts';
import { ingressUrl, untilCondition, useWorld } from './world.ts';

const world = useWorld('issuing', 'pods', 'ingress', 'processes');
/** As docs/auth.md promises. */
const REVOKED_WITHIN_MS = 5_000;
const SECRET = randomBytes(18).toString('base64');
const LIST = { name: 'list_tasks', arguments: {} };
const CREATE = { name: 'create_task', arguments: { title: 'by the admin' } };
const closers: (() => Promise<void>)[] = [];
/** URL of each. */
let pods: readonly string[] = [];
let url: string;

beforeAll(async () => {
  if (!world.possible) return;
  const postgres = await startPostgres(world);
  closers.push(async () => postgres[Symbol.asyncDispose]());
  // One Secret for both servers: not even the same key makes the token of one good for the other.
  const secret = { 'signing-key': randomBytes(32).toString('base64'), admin: Buffer.from(SECRET).toString('base64') };
  const ref = (key: string) => ({ name: 'issuing', key });
  const builtIn = { signingKeySecretRef: ref('signing-key'), bootstrapAdminSecretRef: ref('admin') };
  const make = (name: string, spec: object = {}) =>
    mcpServer(name, {
      ...exposedAt(`${name}.${world.namespace}.localhost`),
      auth: { type: 'BuiltIn', builtIn },
      rollout: { drain: '1s' },
      ...spec,
    });
  await world.kube.apply([
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'issuing' }, data: secret },
    make('issued', { ...IN_POSTGRES, replicas: 3 }),
    make('other'),
  ]);
  for (const name of ['issued', 'other'])
    await untilCondition(world, 'mcpservers', name, { type: 'Ready', status: 'True' }, 60_000);
  url = await ingressUrl(world, 'issued');
  const single = await podUrls(world, 'issued');
  pods = single.urls;
  closers.push(single.close);
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Asks an endpoint of the issuer behind the ingress, as the account `admin`. */
async function ask(path: string, form: Readonly<Record<string, string>>, secret = SECRET, of = url): Promise<Answer> {
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    authorization: `Basic ${Buffer.from(`admin:${secret}`).toString('base64')}`,
  };
  const init = { method: 'POST', headers, body: new URLSearchParams(form).toString() };
  const response = await loopbackFetch(new URL(path, of), init);
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

async function newToken(form: Readonly<Record<string, string>> = {}, of = url): Promise<string> {
  const { status, body } = await ask('/token', { grant_type: 'client_credentials', ...form }, SECRET, of);
  if (status !== 200) throw new Error(`/token: ${status}: ${JSON.stringify(body)}`);
  return String(body['access_token']);
}

const statusAt = async (to: string, token: string, call: typeof LIST | typeof CREATE = LIST): Promise<number> =>
  (await post(to, 'tools/call', call, { headers: { authorization: `Bearer ${token}` } })).status;

const statusAtPods = (token: string) => Promise.all(pods.map((pod) => statusAt(pod, token)));

test('the admin gets a token that every pod takes, and nobody without the secret does', async () => {
  const token = await newToken();
  expect(await statusAt(url, token, CREATE)).toBe(200);
  for (const pod of pods) {
    const { status, body } = await post(pod, 'tools/call', LIST, { headers: { authorization: `Bearer ${token}` } });
    expect([status, JSON.stringify(body)]).toEqual([200, expect.stringContaining(CREATE.arguments.title)]);
  }
  expect(await ask('/token', { grant_type: 'client_credentials' }, `${SECRET}x`)).toMatchObject({
    status: 401,
    body: { error: 'invalid_client' },
  });
});

test('a token with one scope allows the tools of that scope and names the one that another lacks', async () => {
  const token = await newToken({ scope: 'tasks:read' });
  expect(await statusAt(url, token, LIST)).toBe(200);
  const refused = await post(url, 'tools/call', CREATE, { headers: { authorization: `Bearer ${token}` } });
  expect(refused.status).toBe(403);
  expect(JSON.stringify(refused.body)).toContain('tasks:write');
});

test('a token of one server is refused by another that has the same key', async () => {
  const other = await ingressUrl(world, 'other');
  const [here, there] = [await newToken(), await newToken({}, other)];
  expect([await statusAt(url, here), await statusAt(other, there)]).toEqual([200, 200]);
  expect([await statusAt(other, here), ...(await statusAtPods(there))]).toEqual([401, 401, 401, 401]);
});

test(`a token that is taken back ends at every pod within ${REVOKED_WITHIN_MS / 1000} s, and no other does`, async () => {
  const [token, kept] = [await newToken(), await newToken()];
  expect(await statusAtPods(token)).toEqual([200, 200, 200]);
  const began = performance.now();
  expect((await ask('/revoke', { token })).status).toBe(200);
  await until('the end at every pod', 2 * REVOKED_WITHIN_MS, async () =>
    (await statusAtPods(token)).every((status) => status === 401),
  );
  expect(performance.now() - began).toBeLessThan(REVOKED_WITHIN_MS + 500);
  expect(await statusAtPods(kept)).toEqual([200, 200, 200]);
});

test('another signing key ends all tokens, at pods that are there and at those that take their place', async () => {
  const atAll = async (token: string, status: number): Promise<boolean> =>
    (await Promise.all(Array.from({ length: 9 }, () => statusAt(url, token)))).every((is) => is === status);
  const token = await newToken();
  expect(await atAll(token, 200)).toBe(true);
  const data = { 'signing-key': randomBytes(32).toString('base64') };
  await world.api.patch(`/api/v1/namespaces/${world.namespace}/secrets/issuing`, { data });
  await until('the end of the token at every pod', 90_000, () => atAll(token, 401));
  const next = await newToken();
  expect(await atAll(next, 200)).toBe(true);
});
