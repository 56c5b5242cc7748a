/**
 * Authorization headers that nobody thought of: whatever comes, the answer is a refusal, never a failure of the server,
 * and no part of it reaches the log.
 */
import type { IncomingMessage } from 'node:http';
import { assert, asyncProperty, constantFrom, json, oneof, string, tuple, uint8Array } from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFront, type TestFront } from './authenticator.testing.ts';
import { signingKey, startIssuer, type TestIssuer } from './issuer.testing.ts';

let issuer: TestIssuer;
let front: TestFront;

beforeAll(async () => {
  issuer = await startIssuer();
  const keys = await Promise.all(['RS256', 'ES256', 'ES512', 'EdDSA'].map((alg) => signingKey(alg, alg)));
  issuer.keys = keys.map(({ jwk }) => jwk);
  front = await startFront({ type: 'JWT', issuer: issuer.url, audiences: [], requiredScopes: [], rolesClaim: 'a.b' });
});
afterAll(async () => {
  await front.close();
  await issuer.close();
});

const encoded = (text: string | Uint8Array): string => Buffer.from(text).toString('base64url');
const alg = constantFrom('RS256', 'PS512', 'ES256', 'ES512', 'EdDSA', 'Ed25519', 'HS256', 'none', '__proto__');
const header = oneof(
  tuple(alg, alg).map(([name, kid]) => JSON.stringify({ alg: name, kid })),
  alg.map((name) => JSON.stringify({ alg: name })),
  json({ maxDepth: 3 }),
  string({ unit: 'binary' }),
);
const token = oneof(
  tuple(header, json(), uint8Array({ maxLength: 300 })).map((parts) => parts.map(encoded).join('.')),
  string({ unit: 'binary', maxLength: 300 }),
);

test('any header is refused with 401', async () => {
  await assert(
    asyncProperty(constantFrom('Bearer ', 'bearer  ', 'Bearer\t', ''), token, async (scheme, text) => {
      const request = { rawHeaders: ['Authorization', scheme + text], url: '/mcp' } as IncomingMessage;
      expect(await front.authenticator.authenticate(request)).toMatchObject({ ok: false, refusal: { status: 401 } });
    }),
    { numRuns: 3_000 },
  );
  expect(front.log).toEqual([]);
});
