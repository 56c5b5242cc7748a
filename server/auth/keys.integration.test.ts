/**
 * An issuer's keys over time: rotated, removed, unreachable, and published in ways that no issuer should. Real HTTP; a
 * clock that the test moves.
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ForbiddenAddressError, type Resolve } from '#models/address-guard.ts';
import { RESOURCE, startFront, type TestFront } from './authenticator.testing.ts';
import { createJsonFetcher } from './fetch-json.ts';
import { type SigningKey, sign, signingKey, startIssuer, type TestIssuer } from './issuer.testing.ts';
import { checkIssuerUrl } from './issuer.ts';

let issuer: TestIssuer;
let front: TestFront;
let first: SigningKey;
let second: SigningKey;

beforeEach(async () => {
  issuer = await startIssuer();
  [first, second] = await Promise.all([signingKey('first'), signingKey('second', 'EdDSA')]);
  issuer.keys = [first.jwk];
});
afterEach(async () => {
  await front.close();
  await issuer.close();
});

const start = async (jwksUri?: string): Promise<void> => {
  const config = { type: 'JWT' as const, issuer: issuer.url, audiences: [], requiredScopes: [], rolesClaim: 'roles' };
  front = await startFront(jwksUri === undefined ? config : { ...config, jwksUri });
};
const tokenOf = (key: SigningKey, subject = 'alice'): Promise<string> =>
  sign(key, { iss: issuer.url, aud: RESOURCE, sub: subject, exp: Math.floor(Date.now() / 1000) + 100_000 });
const statusOf = async (key: SigningKey, subject?: string): Promise<number> =>
  (await front.call(await tokenOf(key, subject))).status;
const keySetsAsked = (): number => issuer.asked.filter((path) => path === '/realm/keys').length;
const until = async (condition: () => Promise<boolean> | boolean): Promise<void> => {
  await expect.poll(condition, { timeout: 5_000, interval: 5 }).toBe(true);
};

describe('keys that change', () => {
  test('are found by the metadata, fetched once for many callers, and again only when they are old', async () => {
    await start();
    const statuses = await Promise.all(Array.from({ length: 50 }, (_, i) => statusOf(first, `user-${i}`)));
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect(issuer.asked).toEqual(['/realm/.well-known/openid-configuration', '/realm/keys']);
    front.skipMs += 59_000;
    await statusOf(first, 'later');
    expect(keySetsAsked()).toBe(1);
    front.skipMs += 2_000;
    expect(await statusOf(first, 'latest')).toBe(200);
    await until(() => keySetsAsked() === 2);
  });

  test('a new key counts with the first token that names it, and the old one as long as it is there', async () => {
    await start(`${issuer.url}/keys`);
    expect(await statusOf(first)).toBe(200);
    issuer.keys = [first.jwk, second.jwk];
    front.skipMs += 6_000;
    expect([await statusOf(second), await statusOf(first, 'bob')]).toEqual([200, 200]);
    expect(issuer.asked).toEqual(['/realm/keys', '/realm/keys']);
  });

  test('a key that is gone takes the verdicts with it that were remembered, within five seconds', async () => {
    issuer.cacheControl = 'max-age=5';
    await start();
    expect(await statusOf(first)).toBe(200);
    issuer.keys = [second.jwk];
    front.skipMs += 5_000;
    await until(async () => (await statusOf(first)) === 401);
    expect(await statusOf(second)).toBe(200);
  });

  test('count on when the clock goes back, and are fetched anew', async () => {
    await start();
    expect(await statusOf(first)).toBe(200);
    front.skipMs -= 3_600_000;
    expect([await statusOf(first), keySetsAsked()]).toEqual([200, 2]);
  });

  test('a key without an id is used where only one can be meant', async () => {
    const { kid: _, ...nameless } = first.jwk;
    issuer.keys = [nameless, second.jwk];
    await start();
    const claims = { iss: issuer.url, aud: RESOURCE, sub: 'alice', exp: Math.floor(Date.now() / 1000) + 60 };
    expect((await front.call(await sign(first, claims, { kid: undefined }))).status).toBe(200);
    const third = await signingKey('third');
    issuer.keys = [nameless, third.jwk];
    front.skipMs += 61_000;
    await statusOf(second);
    await until(
      async () =>
        (
          await front.call(
            await sign(first, { ...claims, exp: claims.exp + 600, jti: String(Math.random()) }, { kid: undefined }),
          )
        ).status === 401,
    );
  });

  test('entries that are no public keys for signatures are passed over', async () => {
    issuer.keys = [
      { kty: 'oct', k: 'c2VjcmV0', kid: 'first', alg: 'HS256' },
      { kty: 'RSA', n: 'AQAB', e: 'AQAB', kid: 'first' },
      { ...first.jwk, x: 'AAAA' },
      { ...first.jwk, use: 'enc' },
      null as never,
      { kty: '__proto__', crv: 'constructor' },
      first.jwk,
    ];
    await start();
    expect(await statusOf(first)).toBe(200);
  });
});

test('strangers who name keys that nobody has keep no caller waiting while the issuer is slow', async () => {
  await start(`${issuer.url}/keys`);
  const [old, good] = [await tokenOf(first), await tokenOf(first, 'newcomer')];
  expect((await front.call(old)).status).toBe(200);
  const slow = Promise.withResolvers<ServerResponse>();
  issuer.misbehave = slow.resolve;
  // Past what is remembered of a token, and of the keys.
  front.skipMs += 61_000;
  const nobodys = await signingKey('nobody-has-it');
  let refused = 0;
  const forged = Array.from({ length: 1_200 }, async (_, i) => {
    const rawHeaders = ['authorization', `Bearer ${await tokenOf(nobodys, `${i}`)}`];
    const verdict = await front.authenticator.authenticate({ rawHeaders, url: '/mcp' } as IncomingMessage);
    if (!verdict.ok && verdict.refusal.status === 401) refused += 1;
  });
  const answer = await slow.promise;
  await until(() => refused >= 1_000);
  expect([(await front.call(old)).status, (await front.call(good)).status]).toEqual([200, 200]);
  answer.end(JSON.stringify({ keys: [first.jwk] }));
  await Promise.all(forged);
  expect(refused).toBe(1_200);
  // Who waited then takes no place now.
  issuer.misbehave = undefined;
  issuer.keys = [first.jwk, second.jwk];
  front.skipMs += 6_000;
  expect(await statusOf(second)).toBe(200);
});

describe('an issuer that does not answer', () => {
  test('is no fault of the caller, and is asked again', async () => {
    issuer.misbehave = (response) => response.writeHead(500).end('down');
    await start();
    const answer = await front.call(await tokenOf(first));
    expect([answer.status, answer.headers['retry-after'], answer.challenge]).toEqual([503, '2', '']);
    issuer.misbehave = undefined;
    front.skipMs += 2_000;
    expect(await statusOf(first)).toBe(200);
  });

  test('has its known keys used for a day, and not longer', async () => {
    await start();
    expect(await statusOf(first)).toBe(200);
    issuer.misbehave = (response) => response.writeHead(500).end('down');
    front.skipMs += 23 * 3_600_000;
    expect(await statusOf(first, 'new')).toBe(200);
    await until(() => front.log.some((line) => line.includes('cannot be fetched')));
    front.skipMs += 2 * 3_600_000;
    expect(await statusOf(first, 'newer')).toBe(503);
  });

  test.each<[string, NonNullable<TestIssuer['misbehave']>]>([
    ['a redirect', (response) => response.writeHead(302, { location: `${issuer.url}/stolen` }).end()],
    ['a body without end', (response) => void response.writeHead(200).write(`{"keys":[${' '.repeat(300_000)}`)],
    ['300 KB', (response) => response.end(`{"keys":[${' '.repeat(300_000)}${JSON.stringify(first.jwk)}]}`)],
    ['a list', (response) => response.end('[]')],
    ['HTML', (response) => response.end('<html>')],
    ['101 keys', (response) => response.end(JSON.stringify({ keys: Array.from({ length: 101 }, () => first.jwk) }))],
    ['a cut connection', (response) => response.destroy()],
  ])('counts as such where it answers with %s', async (_name, misbehave) => {
    issuer.misbehave = misbehave;
    await start();
    expect(await statusOf(first)).toBe(503);
    expect(issuer.asked).not.toContain('/realm/stolen');
  });

  test.each([
    ['names another issuer', { issuer: 'https://evil.example' }],
    ['sends for keys in plain text to a host outside', { jwks_uri: 'http://keys.example/keys' }],
    ['sends for keys to a file', { jwks_uri: 'file:///etc/passwd' }],
    ['names no keys', { jwks_uri: undefined }],
  ])('counts as such where its metadata %s', async (_name, metadata) => {
    issuer.metadata = metadata;
    await start();
    expect([await statusOf(first), keySetsAsked()]).toEqual([503, 0]);
  });
});

test.each([
  'http://idp.example',
  'ftp://idp.example',
  'https://user:password@idp.example',
  'http://svc',
  'http://a.svc.evil@x',
  'http://idp.auth.svc.evil.example',
])('no keys are taken from %s', async (url) => {
  await start();
  expect(() => checkIssuerUrl('auth.jwt.issuer', url)).toThrow(/^auth\.jwt\.issuer must /);
});

describe('fetching a document', () => {
  const fetchFrom = async (listener: RequestListener): Promise<unknown> => {
    const server = createServer(listener);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const fetcher = createJsonFetcher({ timeoutMs: 200 });
    const began = performance.now();
    try {
      return await fetcher.get(`http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`);
    } finally {
      expect(performance.now() - began).toBeLessThan(5_000);
      await fetcher.close();
      server.closeAllConnections();
      server.close();
    }
  };
  beforeEach(() => start());

  test('ends in time where nothing comes, and where a byte comes now and then', async () => {
    await expect(fetchFrom(() => undefined)).rejects.toThrow(/GET .* failed/);
    const timers: NodeJS.Timeout[] = [];
    await expect(
      fetchFrom((_, response) => {
        response.writeHead(200).flushHeaders();
        timers.push(setInterval(() => response.write(' '), 20));
      }),
    ).rejects.toThrow(/GET .* failed/);
    for (const timer of timers) clearInterval(timer);
  });

  test.each(['http://169.254.169.254/keys', 'http://[fd00:ec2::254]/keys', 'http://metadata.google.internal/keys'])(
    'never asks %s',
    async (url) => {
      const fetcher = createJsonFetcher();
      await expect(fetcher.get(url)).rejects.toThrow('an address that is refused');
      await fetcher.close();
    },
  );

  test('never asks a name that leads to such an address, even beside a good one', async () => {
    const resolve: Resolve = (_, callback) =>
      callback(null, [
        { address: '127.0.0.1', family: 4 },
        { address: '169.254.169.254', family: 4 },
      ]);
    const fetcher = createJsonFetcher({ resolve });
    const refused = await fetcher.get('http://keys.example/keys').catch(({ cause }: Error) => cause);
    expect(refused).toBeInstanceOf(ForbiddenAddressError);
    await fetcher.close();
  });
});
