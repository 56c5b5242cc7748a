/**
 * The document that tells clients whose tokens this server takes.
 */
import { afterAll, expect, test } from 'vitest';
import { RESOURCE } from './authenticator.testing.ts';
import { startJwtFront } from './jwt.testing.ts';

const { issuer, front, close } = await startJwtFront();
afterAll(close);

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
