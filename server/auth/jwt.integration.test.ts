/**
 * Tokens of an issuer, over HTTP on both sides: which are let through, which are refused, and that a refused one makes
 * the server do nothing.
 */
import { createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { inspect } from 'node:util';
import { exportSPKI, importJWK } from 'jose';
import { afterAll, describe, expect, test } from 'vitest';
import { RESOURCE } from './authenticator.testing.ts';
import { type SigningKey, sign, signingKey } from './issuer.testing.ts';
import { encode, startJwtFront } from './jwt.testing.ts';

const { issuer, front, rsa, ec, stranger, seconds, good, signText, close } = await startJwtFront();
afterAll(close);

describe('a token of the issuer for this server', () => {
  test('gives a caller with the id of issuer and subject, scopes and roles', async () => {
    const answer = await front.call(await sign(ec, good({ roles: ['admin', 'user'] })));
    expect([answer.status, answer.body]).toEqual([
      200,
      { id: `${issuer.url}/alice`, scopes: ['mcp', 'tasks:write'], roles: ['admin', 'user'] },
    ]);
  });

  test('stays out of what is handed on', async () => {
    const token = await sign(ec, good());
    const request = { rawHeaders: ['authorization', `Bearer ${token}`], url: '/mcp' } as IncomingMessage;
    const verdict = await front.authenticator.authenticate(request);
    expect(verdict.ok).toBe(true);
    expect(inspect(verdict, { depth: null, showHidden: true })).not.toContain(token.slice(-40));
  });

  test.each(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'])('is verified by %s', async (alg) => {
    const key = await signingKey(`key-${alg}`, alg);
    issuer.keys.push(key.jwk);
    front.skipMs += 6_000;
    const answer = await front.call(await sign(key, good()));
    expect(answer.status).toBe(200);
  });

  test('may come with any letter case of the scheme', async () => {
    const token = await sign(ec, good());
    for (const scheme of ['bearer', 'BEARER', 'Bearer'])
      expect((await front.send({ headers: { authorization: `${scheme} ${token}` } })).status).toBe(200);
  });

  test('may carry several audiences and its scopes as scp or as a list', async () => {
    const token = await sign(ec, good({ aud: ['https://other.example', RESOURCE], scope: undefined, scp: ['mcp'] }));
    expect((await front.call(token)).body).toMatchObject({ scopes: ['mcp'] });
  });

  test('has five seconds of skew at both ends', async () => {
    expect((await front.call(await sign(ec, good({ exp: seconds(-3) })))).status).toBe(200);
    expect((await front.call(await sign(ec, good({ nbf: seconds(3) })))).status).toBe(200);
  });
});

describe('what is no access token of the issuer is refused with 401', () => {
  const rows: [string, () => Promise<string> | string][] = [
    ['alg none', () => `${encode('{"alg":"none"}')}.${encode(JSON.stringify(good()))}.`],
    ['alg None with a signature', () => signText('{"alg":"None","kid":"ec"}', JSON.stringify(good()))],
    ['alg nOnE', () => signText('{"alg":"nOnE","kid":"ec"}', JSON.stringify(good()))],
    [
      'HS256 with the public key as secret',
      async () => {
        const pem = await exportSPKI((await importJWK(rsa.jwk, 'RS256')) as SigningKey['privateKey']);
        const input = `${encode('{"alg":"HS256","kid":"rsa"}')}.${encode(JSON.stringify(good()))}`;
        return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
      },
    ],
    [
      'an ES256 signature of zeros',
      () =>
        `${encode('{"alg":"ES256","kid":"ec"}')}.${encode(JSON.stringify(good()))}.${Buffer.alloc(64).toString('base64url')}`,
    ],
    ['another key under a known id', () => sign(stranger, good())],
    ['an algorithm that the key is not for', () => signText('{"alg":"ES384","kid":"ec"}', JSON.stringify(good()))],
    [
      'an unknown critical header',
      () => signText('{"alg":"ES256","kid":"ec","crit":["x"],"x":1}', JSON.stringify(good())),
    ],
    ['crit with b64', () => signText('{"alg":"ES256","kid":"ec","crit":["b64"],"b64":true}', JSON.stringify(good()))],
    ['a logout token', () => sign(ec, good(), { typ: 'logout+jwt' })],
    [
      'two members of one name in the claims',
      () => signText('{"alg":"ES256","kid":"ec"}', JSON.stringify(good()).replace('{', '{"sub":"admin",')),
    ],
    [
      'two members of one name in the header',
      () => signText('{"alg":"HS256","alg":"ES256","kid":"ec"}', JSON.stringify(good())),
    ],
    ['claims that are a list', () => signText('{"alg":"ES256","kid":"ec"}', '[]')],
    ['claims nested 10 000 deep', () => signText('{"alg":"ES256","kid":"ec"}', '['.repeat(2_000))],
    ['another audience', () => sign(ec, good({ aud: 'https://other.example/mcp' }))],
    ['no audience', () => sign(ec, good({ aud: undefined }))],
    ['audiences without this server', () => sign(ec, good({ aud: ['a', `${RESOURCE}/`, 'https://mcp.example.com'] }))],
    ['another issuer', () => sign(ec, good({ iss: 'https://evil.example' }))],
    ['the issuer with a slash', () => sign(ec, good({ iss: `${issuer.url}/` }))],
    ['expired one second beyond the skew', () => sign(ec, good({ exp: seconds(-6) }))],
    ['not valid yet', () => sign(ec, good({ nbf: seconds(60) }))],
    ['no end', () => sign(ec, good({ exp: undefined }))],
    [
      'an end as text',
      () => signText('{"alg":"ES256","kid":"ec"}', JSON.stringify(good({ exp: String(seconds(300)) }))),
    ],
    [
      'an end at 1e309',
      () => signText('{"alg":"ES256","kid":"ec"}', JSON.stringify(good()).replace(/"exp":\d+/, '"exp":1e309')),
    ],
    ['a beginning as text', () => signText('{"alg":"ES256","kid":"ec"}', JSON.stringify(good({ nbf: '0' })))],
    ['no subject', () => sign(ec, good({ sub: undefined }))],
    ['a subject with a line break', () => sign(ec, good({ sub: 'alice\nadmin' }))],
    ['a subject of 256 characters', () => sign(ec, good({ sub: 'a'.repeat(256) }))],
    ['a subject that is a number', () => signText('{"alg":"ES256","kid":"ec"}', JSON.stringify(good({ sub: 1 })))],
    ['two dots', () => '..'],
    ['words', () => 'not a token'],
  ];
  test.each(rows)('%s', async (_name, make) => {
    front.skipMs += 6_000;
    const token = await make();
    const answer = await front.call(token);
    expect(answer.status).toBe(401);
    expect(answer.challenge).toMatch(
      /^Bearer error="invalid_token", error_description="[^"]+", scope="mcp", resource_metadata="https:/,
    );
    expect(JSON.stringify(answer.body) + front.log.join('')).not.toContain(token.slice(0, 20) === '..' ? '\0' : token);
  });

  test('keys that the token brings or points to are never looked at', async () => {
    const jku = `${issuer.url}/attacker/keys`;
    for (const header of [
      { jwk: stranger.jwk },
      { jku },
      { x5u: jku },
      { x5c: ['MIIB'] },
      { kid: 'new', jwk: stranger.jwk, jku },
    ])
      expect((await front.call(await sign(stranger, good(), header))).status).toBe(401);
    expect(issuer.asked.filter((path) => path.includes('attacker'))).toEqual([]);
  });

  test('a key id is a name: no file is read, no URL fetched, and many of them ask the issuer once', async () => {
    front.skipMs += 6_000;
    const before = issuer.asked.length;
    const names = [
      '../../dev/null',
      "' OR 1=1 --",
      `${issuer.url}/attacker`,
      '__proto__',
      'constructor',
      'k'.repeat(300),
    ];
    for (const kid of names) expect((await front.call(await sign(stranger, good(), { kid }))).status).toBe(401);
    for (let i = 0; i < 50; i += 1)
      expect((await front.call(await sign(stranger, good(), { kid: `random-${i}` }))).status).toBe(401);
    const asked = issuer.asked.slice(before);
    expect(asked.filter((path) => path !== '/realm/keys')).toEqual([]);
    expect(asked.length).toBeLessThanOrEqual(1);
  });
});
