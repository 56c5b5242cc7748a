/**
 * The built-in issuer over HTTP: how a token is got, what it allows, and each way to take it back. Files on disk, a
 * store that two servers share, a clock that the test moves.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type OpenDatabase, openDatabase } from '../store/database.ts';
import { createLog } from '../telemetry/log.ts';
import { type Answer, RESOURCE, startFront, type TestFront } from './authenticator.testing.ts';
import type { AuthenticatorOptions } from './authenticator.ts';

const SECRET = 'correct horse battery staple';
let directory: string;
let front: TestFront;
const config = () => ({
  type: 'BuiltIn' as const,
  signingKeyFile: join(directory, 'signing.key'),
  bootstrapAdminFile: join(directory, 'admin'),
  accessTokenLifetimeMs: 600_000,
});
const start = (options: Partial<AuthenticatorOptions> = {}): Promise<TestFront> =>
  startFront(config(), { scopes: () => ['tasks:read', 'tasks:write'], ...options });

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'built-in-'));
  await writeFile(join(directory, 'signing.key'), randomBytes(32));
  await writeFile(join(directory, 'admin'), `${SECRET}\n`);
  front = await start();
});
afterEach(async () => {
  await front.close();
  await rm(directory, { recursive: true });
});

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const client = { client_id: 'admin', client_secret: SECRET };
const post = (
  path: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
  to = front,
): Promise<Answer> => to.send({ path, headers: { ...FORM, ...headers }, body: new URLSearchParams(form).toString() });
const ask = (form: Record<string, string> = {}, to = front): Promise<Answer> =>
  post('/token', { grant_type: 'client_credentials', ...client, ...form }, {}, to);
const newToken = async (form: Record<string, string> = {}, to = front): Promise<string> =>
  String((await ask(form, to)).body['access_token']);

describe('a token', () => {
  test('comes for the admin’s secret, with every scope, and is kept by nobody', async () => {
    const answer = await ask();
    expect([answer.status, answer.body]).toEqual([
      200,
      { access_token: expect.any(String), token_type: 'Bearer', expires_in: 600, scope: 'tasks:read tasks:write' },
    ]);
    expect(answer.headers['cache-control']).toBe('no-store');
    const call = await front.call(String(answer.body['access_token']));
    expect([call.status, call.body]).toEqual([
      200,
      { id: 'admin', roles: ['admin'], scopes: ['tasks:read', 'tasks:write'] },
    ]);
  });

  test('comes for Basic credentials and for the form with name and password too', async () => {
    const secret = 'a+secret/with%41 & more=';
    await writeFile(join(directory, 'admin'), secret);
    front.skipMs += 2_000;
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(`admin:${text}`).toString('base64')}` });
    const answers = [
      await post('/token', { grant_type: 'client_credentials' }, basic(encodeURIComponent(secret))),
      await post('/token', { grant_type: 'client_credentials' }, basic(secret)),
      await post('/token', { grant_type: 'password', username: 'admin', password: secret }),
    ];
    for (const { status, body } of answers)
      expect([status, (await front.call(String(body['access_token']))).status]).toEqual([200, 200]);
  });

  test('has the scopes that were asked for and no others', async () => {
    const call = await front.call(await newToken({ scope: 'tasks:read', resource: RESOURCE }));
    expect(call.body['scopes']).toEqual(['tasks:read']);
  });

  test('ends with its time', async () => {
    const token = await newToken();
    front.skipMs += 604_000;
    expect((await front.call(token)).status).toBe(200);
    front.skipMs += 2_000;
    expect((await front.call(token)).status).toBe(401);
  });

  const refusals: [string, Record<string, string>, number, string][] = [
    ['a wrong secret', { client_secret: 'wrong horse battery staple' }, 401, 'invalid_client'],
    ['a beginning of the secret', { client_secret: SECRET.slice(0, -1) }, 401, 'invalid_client'],
    ['no secret', { client_secret: '' }, 401, 'invalid_client'],
    ['another name', { client_id: 'root' }, 401, 'invalid_client'],
    ['a wrong password', { grant_type: 'password', username: 'admin', password: 'x' }, 400, 'invalid_grant'],
    ['another grant', { grant_type: 'authorization_code' }, 400, 'unsupported_grant_type'],
    ['no grant', { grant_type: '' }, 400, 'unsupported_grant_type'],
    ['a scope that does not exist', { scope: 'tasks:read admin' }, 400, 'invalid_scope'],
    ['another resource', { resource: 'https://other.example/mcp' }, 400, 'invalid_target'],
  ];
  test.each(refusals)('does not come for %s', async (_name, form, status, error) => {
    const answer = await ask(form);
    expect([answer.status, answer.body['error']]).toEqual([status, error]);
    expect(JSON.stringify(answer.body) + front.log.join('')).not.toContain(SECRET);
  });

  test('does not come for what is no form', async () => {
    const send = (headers: Record<string, string>, body: string, method = 'POST'): Promise<Answer> =>
      front.send({ path: '/token', method, headers, body });
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...client }).toString();
    expect((await send({ 'content-type': 'application/json' }, JSON.stringify(client))).status).toBe(400);
    expect((await send(FORM, `${form}&client_id=admin`)).body['error']).toBe('invalid_request');
    expect((await send(FORM, `${form}&x=${'x'.repeat(20_000)}`)).status).toBe(400);
    expect((await send({}, '', 'GET')).status).toBe(405);
    expect((await front.send({ path: `/token?${form}`, headers: FORM })).status).toBe(400);
  });
});

describe('a token is taken back', () => {
  test('by POST /revoke, at once here and within five seconds in another pod', async () => {
    await front.close();
    const log = createLog({ level: 'silent', destination: 'stderr' });
    const store: OpenDatabase = await openDatabase({ type: 'Embedded', path: ':memory:' }, { log });
    front = await start({ store });
    const other = await start({ store });
    const token = await newToken();
    expect([(await front.call(token)).status, (await other.call(token)).status]).toEqual([200, 200]);
    expect((await post('/revoke', { token, ...client })).status).toBe(200);
    expect((await front.call(token)).status).toBe(401);
    other.skipMs += 5_000;
    expect((await other.call(token)).status).toBe(401);
    expect((await front.call(await newToken())).status).toBe(200);
    await other.close();
    await store.close();
  });

  test('by nobody but the admin', async () => {
    const token = await newToken();
    const answer = await post('/revoke', { token, client_id: 'admin', client_secret: token });
    expect([answer.status, (await front.call(token)).status]).toEqual([401, 200]);
  });

  test('without complaint where it is none (RFC 7009)', async () => {
    for (const token of ['x', '..', await newToken()])
      expect((await post('/revoke', { token, ...client })).status).toBe(200);
    expect((await post('/revoke', client)).body['error']).toBe('invalid_request');
  });

  test.each([
    ['signing.key', randomBytes(32)],
    ['admin', 'another secret of some length'],
  ])('by a new file %s, within five seconds', async (file, content) => {
    const token = await newToken();
    expect((await front.call(token)).status).toBe(200);
    await writeFile(join(directory, file), content);
    front.skipMs += 5_000;
    expect((await front.call(token)).status).toBe(401);
  });

  test('by no file that is gone for a moment', async () => {
    const token = await newToken();
    expect((await front.call(token)).status).toBe(200);
    await rm(join(directory, 'signing.key'));
    front.skipMs += 6_000;
    expect((await front.call(token)).status).toBe(200);
    front.skipMs += 60_000;
    expect((await front.call(token)).status).toBe(503);
  });
});

test('a token of another server is none here, whatever it says', async () => {
  const token = await newToken();
  const [header = '', payload = '', signature = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  const changed = Buffer.from(JSON.stringify({ ...claims, scope: 'everything' })).toString('base64url');
  const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
  const wrong = [
    `${header}.${changed}.${signature}`,
    `${none}.${payload}.${signature}`,
    `${none}.${payload}.`,
    `${header}.${payload}.AAAA`,
  ];
  for (const text of wrong) expect((await front.call(text)).status).toBe(401);
  const other = await start({ resource: 'https://other.example.com/mcp' });
  expect((await other.call(token)).status).toBe(401);
  await other.close();
});

test.each([
  ['signing.key', Buffer.alloc(31), 'auth.builtIn: the signing key must have at least 32 bytes'],
  ['admin', 'too short', "auth.builtIn: the admin's secret must have at least 16 characters"],
  ['admin', '', /^auth\.builtIn: .*admin is empty$/],
])('a server does not start with a poor %s', async (file, content, message) => {
  await writeFile(join(directory, file), content);
  await expect(start()).rejects.toThrow(message);
});

test('metadata tells where tokens come from', async () => {
  const get = async (path: string): Promise<unknown> => (await front.send({ path, method: 'GET' })).body;
  expect(await get('/.well-known/oauth-protected-resource/mcp')).toMatchObject({
    authorization_servers: ['https://mcp.example.com'],
    scopes_supported: ['tasks:read', 'tasks:write'],
  });
  expect(await get('/.well-known/oauth-authorization-server')).toMatchObject({
    issuer: 'https://mcp.example.com',
    token_endpoint: 'https://mcp.example.com/token',
    revocation_endpoint: 'https://mcp.example.com/revoke',
  });
});

describe('who may do what on each path', () => {
  const form = { grant_type: 'client_credentials', token: 'x' };
  const rows: [string, string, Record<string, string>, (token: string) => Record<string, string>, number][] = [];
  // What stands for the caller; only the first may get or take back tokens.
  const callers: Record<string, [form: Record<string, string>, headers: (token: string) => Record<string, string>]> = {
    'the admin': [client, () => ({})],
    'a bearer of the admin’s token': [{}, (token) => ({ authorization: `Bearer ${token}` })],
    'a bearer with the token as secret': [
      { client_id: 'admin', client_secret: '' },
      (token) => ({ authorization: `Basic ${Buffer.from(`admin:${token}`).toString('base64')}` }),
    ],
    nobody: [{}, () => ({})],
  };
  for (const [name, [credentials, headers]] of Object.entries(callers))
    for (const path of ['/token', '/revoke'])
      rows.push([name, path, { ...form, ...credentials }, headers, name === 'the admin' ? 200 : 401]);
  test.each(rows)('%s at %s', async (_name, path, body, headers, status) => {
    const token = await newToken();
    expect((await post(path, body, headers(token))).status).toBe(status);
    expect((await front.call(token)).status).toBe(200);
  });
});
