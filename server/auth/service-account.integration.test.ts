/**
 * Tokens of ServiceAccounts, verified with what the API server publishes and says: who may call, what the API server is
 * told, and when a deleted account is noticed.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RESOURCE, startFront, type TestFront } from './authenticator.testing.ts';
import { startCluster, type TestCluster } from './cluster.testing.ts';
import { sign, signingKey } from './issuer.testing.ts';

let cluster: TestCluster;
let front: TestFront;

const start = async (
  serviceAccounts: string[] = [],
  verification: 'PublishedKeys' | 'TokenReview' = 'TokenReview',
): Promise<void> => {
  front = await startFront(
    { type: 'KubernetesServiceAccount', audiences: [], serviceAccounts, verification },
    { environment: cluster.environment, serviceAccountDirectory: cluster.directory },
  );
};
beforeEach(async () => {
  cluster = await startCluster(RESOURCE);
});
afterEach(async () => {
  await front.close();
  await cluster.close();
});

const reviews = (): number => cluster.asked.filter((line) => line.includes('tokenreviews')).length;

describe('a token of a ServiceAccount', () => {
  test('gives a caller with the name that Kubernetes uses, and no limits by scopes', async () => {
    await start();
    expect(await front.call(await cluster.token('team-a:agent'))).toMatchObject({
      status: 200,
      body: { id: 'system:serviceaccount:team-a:agent' },
    });
    expect(cluster.asked).toEqual([
      'GET /.well-known/openid-configuration',
      'GET /openid/v1/jwks',
      'POST /apis/authentication.k8s.io/v1/tokenreviews',
    ]);
  });

  test('is verified by the published keys alone where no reviews are wanted, and nothing is asked for', async () => {
    await start([], 'PublishedKeys');
    cluster.deleted.add('system:serviceaccount:b:b');
    for (const account of ['a:a', 'b:b', 'c:c'])
      expect((await front.call(await cluster.token(account))).status).toBe(200);
    expect(reviews()).toBe(0);
  });

  test('lets nobody in while reviews are wanted and not allowed, and says what to do', async () => {
    cluster.mayReview = false;
    await start();
    const token = await cluster.token('a:a');
    const answer = await front.call(token);
    expect(answer.status).toBe(503);
    expect(JSON.stringify(answer.body)).toContain('system:auth-delegator');
    cluster.mayReview = true;
    expect((await front.call(token)).status).toBe(200);
  });

  test('of a deleted account is refused within five seconds', async () => {
    await start();
    const token = await cluster.token('team-a:agent');
    expect((await front.call(token)).status).toBe(200);
    cluster.deleted.add('system:serviceaccount:team-a:agent');
    front.skipMs += 5_000;
    expect((await front.call(token)).status).toBe(401);
  });

  test('is believed for a while when the API server goes away, and new ones get 503', async () => {
    await start();
    const token = await cluster.token('team-a:agent');
    expect((await front.call(token)).status).toBe(200);
    cluster.down = true;
    front.skipMs += 30_000;
    expect([(await front.call(token)).status, (await front.call(await cluster.token('b:b'))).status]).toEqual([
      200, 503,
    ]);
    front.skipMs += 31_000;
    expect((await front.call(token)).status).toBe(503);
    cluster.down = false;
    expect((await front.call(token)).status).toBe(200);
  });

  test('is asked about with the pod’s own token, also after that was rotated', async () => {
    await start();
    expect((await front.call(await cluster.token('a:a'))).status).toBe(200);
    await cluster.rotateOwnToken('own-token-2');
    front.skipMs += 2_000;
    expect((await front.call(await cluster.token('b:b'))).status).toBe(200);
  });
});

describe('which accounts may call', () => {
  test.each<[string[], number[]]>([
    [[], [200, 200, 200]],
    [['team-a:agent'], [200, 403, 403]],
    [['team-a:*'], [200, 200, 403]],
    [['*:*'], [200, 200, 200]],
    [['*:agent'], [200, 403, 200]],
    [
      ['team', 'team-a', '', ':'],
      [403, 403, 403],
    ],
  ])('%j', async (serviceAccounts, expected) => {
    await start(serviceAccounts);
    const statuses = [];
    for (const account of ['team-a:agent', 'team-a:other', 'team-b:agent'])
      statuses.push((await front.call(await cluster.token(account))).status);
    expect(statuses).toEqual(expected);
  });
});

describe('is refused, and the API server is not asked:', () => {
  const rows: [string, () => Promise<string> | string][] = [
    ['a token for the API server itself', () => cluster.token('a:a', { aud: ['https://kubernetes.default.svc'] })],
    ['an expired one', () => cluster.token('a:a', { exp: Math.floor(Date.now() / 1000) - 6 })],
    ['one without an end', () => cluster.token('a:a', { exp: undefined })],
    ['one of another issuer', () => cluster.token('a:a', { iss: 'kubernetes/serviceaccount' })],
    ['one of a user', () => cluster.token('a:a', { sub: 'kubernetes-admin' })],
    [
      'one with another signature',
      async () => sign(await signingKey('cluster', 'RS256'), { sub: 'system:serviceaccount:a:a' }),
    ],
    ['words', () => 'words'],
  ];
  test.each(rows)('%s', async (_name, make) => {
    await start();
    const answer = await front.call(await make());
    expect([answer.status, answer.challenge.slice(0, 28), reviews()]).toEqual([401, 'Bearer error="invalid_token"', 0]);
  });
});

test.each([
  ['says that nobody is authenticated', { authenticated: false }],
  ['names no audience', { audiences: undefined }],
  ['names another audience', { audiences: ['https://kubernetes.default.svc'] }],
  ['names somebody else', { user: { username: 'system:serviceaccount:kube-system:admin' } }],
  ['says yes in words', { authenticated: 'true' }],
])('a review that %s lets nobody in', async (_name, status) => {
  cluster.status = status;
  await start();
  expect((await front.call(await cluster.token('a:a'))).status).toBe(401);
});

test('no token is in a log line', async () => {
  cluster.down = true;
  await start();
  const token = await cluster.token('a:a');
  expect((await front.call(token)).status).toBe(503);
  expect(front.log.length).toBeGreaterThan(0);
  expect(front.log.join('')).not.toMatch(new RegExp(`own-token|${token.split('.')[2]}`));
});
