/**
 * Every path that a server answers, by every method, for every kind of caller: who gets what, through whole servers. A
 * path or a kind of auth that is added belongs into this table.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../app.testing.ts';
import type { ServerConfigInput } from '../config.ts';
import { cardPath } from '../extensions/server-card.ts';
import { type SigningKey, sign, signingKey, startIssuer, type TestIssuer } from './issuer.testing.ts';

const RESOURCE = 'https://mcp.example.com/mcp';
const SECRET = 'correct horse battery staple';
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const CALLERS = ['nobody', 'user', 'admin', 'stranger', 'the account', 'a wrong account'] as const;
type Caller = (typeof CALLERS)[number];
type Server = 'None' | 'JWT' | 'BuiltIn';

let folder: string;
let issuer: TestIssuer;
let keys: Record<'ours' | 'theirs', SigningKey>;
const servers = new Map<Server, TestApp>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'endpoints-'));
  await writeFile(join(folder, 'signing.key'), randomBytes(32));
  await writeFile(join(folder, 'admin'), SECRET);
  issuer = await startIssuer();
  keys = { ours: await signingKey('ec'), theirs: await signingKey('ec') };
  issuer.keys = [keys.ours.jwk];
  const auth: Record<Server, ServerConfigInput['auth']> = {
    None: { type: 'None' },
    JWT: { type: 'JWT', issuer: issuer.url },
    BuiltIn: {
      type: 'BuiltIn',
      signingKeyFile: join(folder, 'signing.key'),
      bootstrapAdminFile: join(folder, 'admin'),
    },
  };
  for (const type of ['None', 'JWT', 'BuiltIn'] as const)
    servers.set(
      type,
      await startTestApp({
        auth: auth[type],
        mcp: { publicUrl: RESOURCE, allowedHosts: ['127.0.0.1'] },
        // So that every attempt below comes from another address than the one before.
        limits: { trustedProxies: ['127.0.0.1'] },
      }),
    );
});
afterAll(async () => {
  for (const app of servers.values()) await app.close();
  await issuer.close();
  await rm(folder, { recursive: true });
});

const basic = (secret: string): string => `Basic ${Buffer.from(`admin:${secret}`).toString('base64')}`;

/** A token as the server's own issuer gives it; of the foreign one that it trusts where it has none. */
async function bearerOf(server: Server, key: SigningKey, roles: string[]): Promise<string> {
  if (server === 'BuiltIn' && key === keys.ours) {
    const answer = await send(server, '/token', 'POST', { authorization: basic(SECRET) });
    return `Bearer ${((await answer.json()) as { access_token: string }).access_token}`;
  }
  const exp = Math.floor(Date.now() / 1000) + 300;
  return `Bearer ${await sign(key, { iss: issuer.url, aud: RESOURCE, sub: roles.join(), exp, scope: 'echo', roles })}`;
}

async function authorization(server: Server, caller: Caller): Promise<string | undefined> {
  if (caller === 'nobody') return undefined;
  if (caller === 'the account') return basic(SECRET);
  if (caller === 'a wrong account') return basic('wrong horse battery staple');
  return bearerOf(server, caller === 'stranger' ? keys.theirs : keys.ours, [caller]);
}

let addresses = 0;
function send(server: Server, path: string, method: string, headers: Record<string, string> = {}): Promise<Response> {
  const app = servers.get(server);
  const [port, rest] = path.startsWith('health:') ? [app?.healthUrl, path.slice(7)] : [app?.url, path];
  const isForm = rest === '/token' || rest === '/revoke';
  const body = isForm
    ? 'grant_type=client_credentials&token=x'
    : '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"}}}';
  addresses += 1;
  return fetch(new URL(rest, port), {
    method,
    headers: {
      'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
      'x-forwarded-for': `203.0.${Math.floor(addresses / 250)}.${addresses % 250}`,
      ...headers,
    },
    ...(method === 'GET' || method === 'HEAD' ? {} : { body }),
  });
}

/** What every method gets that is not named. */
type Row = Partial<Record<(typeof METHODS)[number] | 'other', number | Partial<Record<Caller | 'others', number>>>>;

const DOCUMENT: Row = { GET: 200, HEAD: 200, OPTIONS: 204, other: 405 };
const NOTHING: Row = { other: 404 };
const KUBELET: Row = { GET: 200, HEAD: 200, other: 405 };
/** The form's credentials count, no token does. */
const ACCOUNT: Row = { POST: { 'the account': 200, others: 401 }, OPTIONS: 204, other: 405 };
/** GET and DELETE have a session, or are none of this. */
const ENDPOINT: Row = { OPTIONS: 204, other: 405 };
const PUBLIC = '/.well-known/oauth-protected-resource/mcp';
const AUTHORIZATION_SERVER = '/.well-known/oauth-authorization-server';

const table: Readonly<Record<Server, Readonly<Record<string, Row>>>> = {
  None: {
    '/mcp': { ...ENDPOINT, POST: 200 },
    [PUBLIC]: NOTHING,
    [AUTHORIZATION_SERVER]: NOTHING,
    '/token': NOTHING,
    '/revoke': NOTHING,
  },
  JWT: {
    '/mcp': { ...ENDPOINT, POST: { user: 200, admin: 200, others: 401 } },
    [PUBLIC]: DOCUMENT,
    [AUTHORIZATION_SERVER]: NOTHING,
    '/token': NOTHING,
    '/revoke': NOTHING,
  },
  BuiltIn: {
    '/mcp': { ...ENDPOINT, POST: { user: 200, admin: 200, others: 401 } },
    [PUBLIC]: DOCUMENT,
    [AUTHORIZATION_SERVER]: DOCUMENT,
    '/token': ACCOUNT,
    '/revoke': ACCOUNT,
  },
};
const EVERYWHERE: Readonly<Record<string, Row>> = {
  [cardPath('/mcp')]: DOCUMENT,
  '/': NOTHING,
  '/healthz': NOTHING,
  '/metrics': NOTHING,
  '/MCP': NOTHING,
  '/mcp/': NOTHING,
  '/token/': NOTHING,
  '/.well-known/oauth-protected-resource': NOTHING,
  '/.well-known/openid-configuration': NOTHING,
  'health:/healthz': KUBELET,
  'health:/readyz': KUBELET,
  'health:/metrics': KUBELET,
  'health:/': NOTHING,
  'health:/mcp': NOTHING,
  'health:/token': NOTHING,
};

function expected(row: Row, method: (typeof METHODS)[number], caller: Caller): number {
  const found = row[method] ?? row.other ?? 0;
  return typeof found === 'number' ? found : (found[caller] ?? found.others ?? 0);
}

describe.each(['None', 'JWT', 'BuiltIn'] as const)('of a server with auth %s', (server) => {
  test.each(Object.entries({ ...table[server], ...EVERYWHERE }))('%s', async (path, row) => {
    const seen: Record<string, number> = {};
    const due: Record<string, number> = {};
    for (const caller of CALLERS) {
      const credentials = await authorization(server, caller);
      for (const method of METHODS) {
        const headers = credentials === undefined ? {} : { authorization: credentials };
        seen[`${method} by ${caller}`] = (await send(server, path, method, headers)).status;
        due[`${method} by ${caller}`] = expected(row, method, caller);
      }
    }
    expect(seen).toEqual(due);
  });

  test('the health port does not tell who may call, nor with what', async () => {
    const texts = await Promise.all(
      ['healthz', 'readyz', 'metrics'].map(async (path) => (await send(server, `health:/${path}`, 'GET')).text()),
    );
    expect(texts.join('\n')).not.toMatch(new RegExp(`${SECRET}|alice|${issuer.url}|eyJ`));
  });

  test('the card does not tell what the server can do, nor who may call it', async () => {
    const text = await (await send(server, cardPath('/mcp'), 'GET')).text();
    expect(text).toContain(RESOURCE);
    expect(text).not.toMatch(new RegExp(`echo|${SECRET}|alice|admin|${issuer.url}`));
  });
});
