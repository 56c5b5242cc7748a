/**
 * Tokens of an issuer, over HTTP on both sides: which are let through, which are refused and how, and that a refused one
 * makes the server do nothing.
 */
import { createHmac, KeyObject, sign as signBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { inspect } from 'node:util';
import { exportSPKI, importJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RESOURCE, startFront, type TestFront } from './authenticator.testing.ts';
import { type SigningKey, sign, signingKey, startIssuer, type TestIssuer } from './issuer.testing.ts';

let issuer: TestIssuer;
let front: TestFront;
let rsa: SigningKey;
let ec: SigningKey;
let stranger: SigningKey;

beforeAll(async () => {
  issuer = await startIssuer();
  [rsa, ec, stranger] = await Promise.all([signingKey('rsa', 'RS256'), signingKey('ec'), signingKey('ec')]);
  issuer.keys = [rsa.jwk, ec.jwk];
  front = await startFront(
    { type: 'JWT', issuer: issuer.url, audiences: [], requiredScopes: ['mcp'], rolesClaim: 'roles' },
    { scopes: () => ['mcp', 'tasks:write'] },
  );
});
afterAll(async () => {
  await front.close();
  await issuer.close();
});

/** By the front's clock, which tests move. */
const seconds = (offset: number): number => Math.floor((Date.now() + front.skipMs) / 1000) + offset;
const good = (changes: Record<string, unknown> = {}) => ({
  iss: issuer.url,
  aud: RESOURCE,
  sub: 'alice',
  scope: 'mcp tasks:write',
  exp: seconds(300),
  ...changes,
});
const encode = (text: string): string => Buffer.from(text).toString('base64url');
/** A token with any text as header and payload, signed rightly. */
const signText = (header: string, payload: string): string => {
  const input = `${encode(header)}.${encode(payload)}`;
  const key = { key: KeyObject.from(ec.privateKey), dsaEncoding: 'ieee-p1363' as const };
  return `${input}.${signBytes('sha256', Buffer.from(input), key).toString('base64url')}`;
};

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

describe('how the token comes', () => {
  test('without one the challenge names metadata and scope, and no error', async () => {
    const answer = await front.call(undefined);
    expect([answer.status, answer.challenge]).toEqual([
      401,
      'Bearer scope="mcp", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"',
    ]);
    expect(answer.body).toMatchObject({ jsonrpc: '2.0', error: { code: -32000 } });
  });

  test.each(['Basic YTpi', 'Bearer', 'Bearer ', 'Token abc', ''])('%j counts as none', async (authorization) => {
    const { status, challenge } = await front.send({ headers: { authorization } });
    expect([status, challenge.includes('error=')]).toEqual([401, false]);
  });

  test('two Authorization headers are refused, in either order', async () => {
    const token = `Bearer ${await sign(ec, good())}`;
    for (const pair of [
      [token, 'Bearer x'],
      ['Bearer x', token],
      [token, token],
    ]) {
      const headers = pair.flatMap((value) => ['Authorization', value]);
      const answer = await front.send({ headers: ['Host', 'localhost', ...headers] });
      expect([answer.status, answer.challenge.includes('error="invalid_request"')]).toEqual([401, true]);
    }
  });

  test('a token in the query is refused, also beside a good header', async () => {
    const token = await sign(ec, good());
    expect((await front.call(undefined, `/mcp?access_token=${token}`)).status).toBe(401);
    expect((await front.call(token, `/mcp?access_token=${token}`)).status).toBe(401);
    expect((await front.call(token, `/mcp?%61ccess_token=${token}`)).status).toBe(401);
    expect((await front.call(token, '/mcp?page=1')).status).toBe(200);
  });

  test('a token of 10 KB or 100 KB is refused as too large, unread', async () => {
    expect((await front.call('a'.repeat(10_000))).status).toBe(431);
    const request = { rawHeaders: ['AUTHORIZATION', `Bearer ${'a'.repeat(100_000)}`], url: '/mcp' } as IncomingMessage;
    expect(front.authenticator.authenticate(request)).toMatchObject({ ok: false, refusal: { status: 431 } });
  });
});

describe('scopes and roles', () => {
  test('a token without the base scope gets 403 and is told what to ask for', async () => {
    for (const scope of ['', 'tasks:write', 'mcp2', 'MCP', undefined, { mcp: true }, 7]) {
      const token = signText('{"alg":"ES256","kid":"ec"}', JSON.stringify(good({ scope })));
      const answer = await front.call(token);
      expect([answer.status, answer.challenge]).toEqual([
        403,
        'Bearer error="insufficient_scope", error_description="The access token lacks a scope. This needs: mcp.", scope="mcp", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"',
      ]);
    }
  });

  test('the challenge of an operation names the base scopes too, each once', () => {
    const refusal = front.authenticator.challenge(['tasks:write', 'mcp']);
    expect([refusal.status, refusal.headers?.['www-authenticate']]).toEqual([
      403,
      expect.stringMatching(/error="insufficient_scope".* scope="mcp tasks:write", resource_metadata="/),
    ]);
  });

  test.each([
    ['a text', 'admin', ['admin']],
    ['an object', { admin: true, 0: 'admin', length: 1 }, []],
    ['a list with other things in it', ['user', 1, null, { a: 1 }, ['admin']], ['user']],
    ['names of prototypes', ['__proto__', 'constructor'], ['__proto__', 'constructor']],
    ['a number', 1, []],
    ['nothing', undefined, []],
  ])('roles as %s', async (_name, roles, expected) => {
    const { status, body } = await front.call(await sign(ec, good({ roles })));
    expect([status, body['roles']]).toEqual([200, expected]);
  });

  test('no claim reaches a prototype', async () => {
    const text = JSON.stringify(good()).replace('{', '{"__proto__":{"roles":["admin"],"scope":"admin"},');
    const { status, body } = await front.call(signText('{"alg":"ES256","kid":"ec"}', text));
    expect([status, body['roles']]).toEqual([200, []]);
    expect(({} as { roles?: unknown }).roles).toBeUndefined();
  });

  test('roles may lie deeper, or in a claim whose name has dots', async () => {
    for (const [rolesClaim, claims] of [
      ['realm_access.roles', { realm_access: { roles: ['admin'] } }],
      ['https://example.com/roles', { 'https://example.com/roles': ['admin'] }],
    ] as const) {
      const other = await startFront({
        type: 'JWT',
        issuer: issuer.url,
        audiences: [],
        requiredScopes: [],
        rolesClaim,
      });
      expect((await other.call(await sign(ec, good(claims)))).body['roles']).toEqual(['admin']);
      expect((await other.call(await sign(ec, good({ realm_access: 'roles' })))).body['roles']).toEqual([]);
      await other.close();
    }
  });
});

describe('protected-resource metadata', () => {
  const path = '/.well-known/oauth-protected-resource/mcp';

  test('stands at the well-known URL of the path, for every web page', async () => {
    const answer = await front.send({ path, method: 'GET', headers: { origin: 'https://inspector.example' } });
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        resource: RESOURCE,
        resource_name: 'assistant',
        authorization_servers: [issuer.url],
        scopes_supported: ['mcp', 'tasks:write'],
        bearer_methods_supported: ['header'],
      },
    ]);
    expect(answer.headers).toMatchObject({ 'access-control-allow-origin': '*', 'content-type': 'application/json' });
  });

  test('answers preflights, and nothing but reading', async () => {
    expect((await front.send({ path, method: 'OPTIONS' })).headers['access-control-allow-headers']).toBe('*');
    for (const method of ['POST', 'PUT', 'DELETE']) expect((await front.send({ path, method })).status).toBe(405);
  });

  test('stands nowhere else', async () => {
    for (const other of ['/.well-known/oauth-protected-resource', `${path}/`, `/x${path}`, '/token', '/revoke'])
      expect((await front.send({ path: other, method: 'GET' })).status).toBe(401);
  });
});
