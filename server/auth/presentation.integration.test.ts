/**
 * How a token comes with a request: in one header, and nowhere else.
 */
import type { IncomingMessage } from 'node:http';
import { afterAll, expect, test } from 'vitest';
import { sign } from './issuer.testing.ts';
import { startJwtFront } from './jwt.testing.ts';

const { front, ec, good, close } = await startJwtFront();
afterAll(close);

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
