/**
 * What the claims of a token allow its caller, and what a caller who may not is told.
 */
import { afterAll, expect, test } from 'vitest';
import { startFront } from './authenticator.testing.ts';
import { sign } from './issuer.testing.ts';
import { startJwtFront } from './jwt.testing.ts';

const { issuer, front, ec, good, signText, close } = await startJwtFront();
afterAll(close);

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
