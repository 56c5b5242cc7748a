/**
 * Whole pods of one server, with tokens, limits and audit logs: a request that one pod hands on to another counts once,
 * is written down once, and takes no token along; and nobody but a pod can say that a request was admitted.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { json, type Scripted, startScripted } from '#models/testing/scripted.ts';
import { startTestApp, type TestApp } from '../../app.testing.ts';
import type { ServerConfigInput } from '../../config.ts';
import { createLog } from '../../telemetry/log.ts';
import type { Caller } from '../../toolsets/call.ts';
import { openSealer, type Sealer } from '../sealing.ts';
import { admittedMark, FORWARDED } from './admitted.ts';
import { call, openSession, request, send } from './raw.testing.ts';
import { mintSessionId } from './session-id.ts';

/** Requests that a caller may make at once. */
const BURST = 10;
const SECRET = 'correct horse battery staple';
const log = createLog({ level: 'silent', destination: 'stderr' });
const now = (): Date => new Date();
let folder: string;
let ours: Sealer;
const pods: TestApp[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keys-'));
  await writeFile(join(folder, 'sealing.key'), randomBytes(32));
  await writeFile(join(folder, 'signing.key'), randomBytes(32));
  await writeFile(join(folder, 'admin'), SECRET);
  ours = openSealer({ keysDirectory: folder, now, log });
});
afterEach(async () => {
  await Promise.all(pods.splice(0).map((pod) => pod.close()));
  await rm(folder, { recursive: true });
});

async function startPods(more: Partial<ServerConfigInput> = {}): Promise<[TestApp, TestApp]> {
  const start = (): Promise<TestApp> =>
    startTestApp({
      keysDirectory: folder,
      toolsets: [{ name: 'news' }],
      pod: { address: '127.0.0.1' },
      limits: { requestsPerMinutePerCaller: BURST * 6 },
      ...more,
    });
  const started: [TestApp, TestApp] = [await start(), await start()];
  pods.push(...started);
  return started;
}

const echo = (pod: TestApp, session: string, id: number, headers = {}): Promise<Response> =>
  send(pod.url, call(id, 'echo', { text: `${id}` }), { session, headers });
const addressOf = (pod: TestApp): string => new URL(pod.url).host;

test('a request that is handed on spends one budget and has one line', async () => {
  const [owner, other] = await startPods();
  const session = await openSession(owner.url);
  for (let id = 1; id <= BURST; id += 1) expect((await echo(other, session, id)).status).toBe(200);
  // The other pod has counted them all; the owner only the request that opened the session.
  expect((await echo(other, session, 11)).status).toBe(429);
  for (let id = 1; id < BURST; id += 1) expect((await echo(owner, session, 20 + id)).status).toBe(200);
  expect((await echo(owner, session, 30)).status).toBe(429);

  await Promise.all(pods.map((pod) => pod.close()));
  const lines = pods.map((pod) => pod.lines.filter(({ message, name }) => message === 'call' && name === 'echo'));
  expect(lines.map(({ length }) => length)).toEqual([2 * BURST - 1, 0]);
});

test('nobody else can say that a request was counted', async () => {
  const [owner, other] = await startPods();
  const session = await openSession(owner.url);
  const nobody: Caller = { id: 'anonymous' };
  const bind = JSON.stringify([session, addressOf(owner)]);
  const theirs = openSealer({ keysDirectory: folder, now: () => new Date(Date.now() - 120_000), log });
  const wrong: Record<string, string> = {
    'the mark of old': '1',
    empty: '',
    long: 'x'.repeat(5_000),
    'the session itself': session,
    'sealed with other keys': admittedMark(openSealer({ now, log }), nobody, session, addressOf(owner)),
    'for another session': admittedMark(ours, nobody, 'another', addressOf(owner)),
    'for another pod': admittedMark(ours, nobody, session, addressOf(other)),
    'too old': admittedMark(theirs, nobody, session, addressOf(owner)),
    'sealed for another purpose': ours.seal('requestState', nobody, { ttlMs: 60_000, bind }),
  };
  const marks = Object.values(wrong);
  for (let id = 1; id < BURST; id += 1)
    expect((await echo(owner, session, id, { [FORWARDED]: marks[id % marks.length] })).status).toBe(200);
  const refused = Object.entries(wrong).map(async ([name, mark]) => [
    name,
    (await echo(owner, session, 20, { [FORWARDED]: mark })).status,
    // Another pod does not hand it on, as it does with what other pods have handed on.
    (await echo(other, session, 21, { [FORWARDED]: mark })).status,
  ]);
  expect(await Promise.all(refused)).toEqual(Object.keys(wrong).map((name) => [name, 429, 404]));
  // The mark that pods make does its work, so what was refused was refused for what it is.
  const right = admittedMark(ours, nobody, session, addressOf(owner));
  expect((await echo(owner, session, 22, { [FORWARDED]: right })).status).toBe(200);
});

describe('with tokens', () => {
  let bearer: { authorization: string };
  let owner: TestApp;
  let other: TestApp;

  beforeEach(async () => {
    const auth = {
      type: 'BuiltIn' as const,
      signingKeyFile: join(folder, 'signing.key'),
      bootstrapAdminFile: join(folder, 'admin'),
    };
    const mcp = { publicUrl: 'https://mcp.example.com/mcp', allowedHosts: ['127.0.0.1'] };
    [owner, other] = await startPods({ auth, mcp });
    const form = { grant_type: 'client_credentials', client_id: 'admin', client_secret: SECRET };
    const answer = await fetch(new URL('/token', owner.url), { method: 'POST', body: new URLSearchParams(form) });
    bearer = { authorization: `Bearer ${((await answer.json()) as { access_token: string }).access_token}` };
  });

  test('a session works through the other pod, for its own caller and with its rights', async () => {
    const session = await openSession(owner.url, { headers: bearer });
    expect((await echo(other, session, 1, bearer)).status).toBe(200);
    expect((await echo(other, session, 2)).status).toBe(401);
    const poor = admittedMark(ours, { id: 'admin', scopes: new Set() }, session, addressOf(owner));
    expect((await echo(owner, session, 3, { [FORWARDED]: poor })).status).toBe(403);
    const somebody = admittedMark(ours, { id: 'somebody' }, session, addressOf(owner));
    expect((await echo(owner, session, 4, { [FORWARDED]: somebody })).status).toBe(404);
    expect((await send(other.url, undefined, { session, method: 'DELETE', headers: bearer })).status).toBe(200);
    expect((await echo(owner, session, 5, bearer)).status).toBe(404);
    await Promise.all(pods.map((pod) => pod.close()));
    expect(owner.lines.filter(({ name, message }) => message === 'call' && name === 'echo')).toMatchObject([
      { caller: 'admin', outcome: 'ok' },
      { caller: 'admin' },
    ]);
  });

  test('whoever has got the address of a pod that is gone sees no token, and can do nothing with what it sees', async () => {
    const heir: Scripted = await startScripted(() => json({ jsonrpc: '2.0', id: 1, result: {} }));
    const session = mintSessionId(ours, `127.0.0.1:${heir.port}`);
    const more = {
      cookie: 'a=b',
      'x-api-key': 'k',
      'x-forwarded-for': '203.0.113.9',
      'proxy-authorization': 'Basic x',
    };
    expect((await send(other.url, request(1, 'ping'), { session, headers: { ...bearer, ...more } })).status).toBe(200);
    const [seen] = heir.requests;
    expect(Object.keys(seen?.headers ?? {}).toSorted()).toEqual([
      'accept',
      'connection',
      'content-length',
      'content-type',
      'host',
      'mcp-session-id',
      FORWARDED,
    ]);
    expect(JSON.stringify(seen)).not.toContain(bearer.authorization.slice(-20));
    const mark = { [FORWARDED]: String(seen?.headers[FORWARDED]) };
    const own = await openSession(owner.url, { headers: bearer });
    for (const pod of [owner, other])
      for (const held of [session, own]) expect((await echo(pod, held, 1, mark)).status).toBe(401);
    await heir.close();
  });
});
