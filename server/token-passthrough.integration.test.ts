/**
 * A token is for this server and nobody else: a model that a tool asks, while a caller with a token waits, sees nothing
 * of that token, and neither does the log. A real backend over HTTP writes down what reaches it.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { engine } from '#models/testing/openai-engine.ts';
import { type Scripted, startScripted } from '#models/testing/scripted.ts';
import { startTestApp, type TestApp } from './app.testing.ts';
import { sign, signingKey, startIssuer, type TestIssuer } from './auth/issuer.testing.ts';
import type { AuthConfig } from './config.ts';
import { post } from './protocol/clients.testing.ts';
import { answerOf, call, openSession, send } from './protocol/legacy/raw.testing.ts';
import { toolsets } from './toolsets/registry.ts';

const RESOURCE = 'https://mcp.example.com/mcp';
const CREDENTIAL = 'the-backend-s-own-credential';
const ADMIN = 'correct horse battery staple';
/** Shorter pieces stand in other texts by chance. */
const PIECE = 16;
let folder: string;
let backend: Scripted;
let issuer: TestIssuer;
const apps: TestApp[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'passthrough-'));
  backend = await startScripted(engine(['m'], '{"priority":"high","title":"x","effort_hours":1,"considerations":[]}'));
  issuer = await startIssuer();
  await writeFile(join(folder, 'signing.key'), randomBytes(32));
  await writeFile(join(folder, 'admin'), ADMIN);
  const external = {
    apiVersion: 'mcpfleet.dev/v1alpha1',
    kind: 'ModelBackend',
    metadata: { name: 'recorder' },
    spec: {
      type: 'External',
      models: [{ name: 'm' }],
      external: { url: backend.url, allowInsecure: true, headers: [{ name: 'x-team', value: 'a' }] },
    },
  };
  await writeFile(join(folder, 'backend.yaml'), stringify(external));
});
afterAll(async () => {
  await Promise.all(apps.map((app) => app.close()));
  await backend.close();
  await issuer.close();
  await rm(folder, { recursive: true });
});

async function start(auth: AuthConfig): Promise<TestApp> {
  const app = await startTestApp(
    {
      auth,
      toolsets: [{ name: 'tasks' }],
      backends: { source: 'Files', paths: [join(folder, 'backend.yaml')] },
      mcp: { publicUrl: RESOURCE, allowedHosts: ['127.0.0.1'] },
    },
    toolsets,
  );
  apps.push(app);
  return app;
}

const AUTH: Readonly<Record<string, () => Promise<{ app: TestApp; token: string }>>> = {
  async JWT() {
    const key = await signingKey('ec');
    issuer.keys = [key.jwk];
    const app = await start({
      type: 'JWT',
      issuer: issuer.url,
      audiences: [RESOURCE],
      requiredScopes: [],
      rolesClaim: 'roles',
    });
    const exp = Math.floor(Date.now() / 1000) + 300;
    const claims = { iss: issuer.url, aud: RESOURCE, sub: 'alice', exp, scope: 'tasks:read', jti: CREDENTIAL };
    return { app, token: await sign(key, claims) };
  },
  async BuiltIn() {
    const app = await start({
      type: 'BuiltIn',
      signingKeyFile: join(folder, 'signing.key'),
      bootstrapAdminFile: join(folder, 'admin'),
      accessTokenLifetimeMs: 60_000,
    });
    const form = { grant_type: 'client_credentials', client_id: 'admin', client_secret: ADMIN };
    const answer = await fetch(new URL('/token', app.url), { method: 'POST', body: new URLSearchParams(form) });
    return { app, token: ((await answer.json()) as { access_token: string }).access_token };
  },
};

/** Every piece of some length that a text has in common with one of `secrets`. */
const piecesOf = (secrets: readonly string[], text: string): string[] =>
  secrets.flatMap((secret) =>
    Array.from({ length: Math.max(0, secret.length - PIECE + 1) }, (_, at) => secret.slice(at, at + PIECE)).filter(
      (piece) => text.includes(piece),
    ),
  );

/** A token as it travels, and what stands in it. */
const insides = (token: string): string[] => [
  token,
  ...token.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1')),
];

const ASK = { name: 'smart_prioritize', arguments: { task_description: 'Rotate the keys.' } };

test('pieces of a token are found where they are', () => {
  const token = `${'a'.repeat(20)}.${Buffer.from('{"sub":"somebody in particular"}').toString('base64url')}.${'c'.repeat(20)}`;
  expect(piecesOf(insides(token), `x ${token.slice(30, 50)} y`)).not.toEqual([]);
  expect(piecesOf(insides(token), 'somebody in particular')).not.toEqual([]);
  expect(piecesOf(insides(token), 'nothing of it')).toEqual([]);
});

test.each(['JWT', 'BuiltIn'])('with %s neither a backend nor the log sees anything of a token', async (type) => {
  const { app, token } = (await AUTH[type]?.()) ?? { app: undefined as never, token: '' };
  const before = backend.requests.length;
  const bearer = { authorization: `Bearer ${token}` };
  const answer = await post(app.url, 'tools/call', ASK, { ...bearer, cookie: `session=${token}`, 'x-api-key': token });
  expect(await answer.text()).toContain('"status":"ok"');
  const session = await openSession(app.url, { headers: bearer }).catch(() => undefined);
  const older = await send(app.url, call(1, ASK.name, ASK.arguments), {
    session,
    headers: { ...bearer, 'mcp-protocol-version': '2025-11-25' },
  });
  expect(JSON.stringify((await answerOf(older)).messages)).toContain('"status":"ok"');
  // Refused ones are as secret: they may be good elsewhere.
  expect((await post(app.url, 'tools/call', ASK, { authorization: `Bearer ${token}x` })).status).toBe(401);
  expect(
    (
      await fetch(`${app.url}?access_token=${token}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
      })
    ).status,
  ).toBe(401);
  await app.close();

  const asked = backend.requests.slice(before);
  expect(asked.filter(({ path }) => path.endsWith('/chat/completions')).length).toBeGreaterThanOrEqual(2);
  for (const { method, path, headers, body } of asked)
    expect(piecesOf(insides(token), [method, path, JSON.stringify(headers), body].join('\n'))).toEqual([]);
  // Who called stands in the log, and in the token.
  expect(app.lines.length).toBeGreaterThan(3);
  expect(piecesOf([token], app.lines.map((line) => JSON.stringify(line)).join('\n'))).toEqual([]);
});
