/**
 * Which era a request over HTTP is of, where its header and its body do not both say so, and what it is told when it
 * names a revision that is not spoken here. Plain fetch against a whole server that has sessions.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../app.testing.ts';
import { initialize, send } from './legacy/raw.testing.ts';

const META = 'io.modelcontextprotocol/';
const MODERN = '2026-07-28';
const LATER = '2099-01-01';
let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ toolsets: [{ name: 'news' }] });
});
afterAll(() => app.close());

const version = (revision: string): { headers: Record<string, string> } => ({
  headers: { 'mcp-protocol-version': revision },
});
const claiming = (revision: unknown): object => ({
  _meta: { [`${META}protocolVersion`]: revision, [`${META}clientCapabilities`]: {} },
});
const request = (params?: object, method = 'tools/list') => ({ jsonrpc: '2.0', id: 7, method, params });
const notification = (params?: object) => ({ jsonrpc: '2.0', method: 'notifications/cancelled', params });

interface Refused {
  readonly id: unknown;
  readonly error: { readonly code: number; readonly data?: unknown };
}

async function refusal(response: Response): Promise<[number, Refused]> {
  return [response.status, (await response.json()) as Refused];
}

describe('a later revision is told which one is spoken', () => {
  const unsupported = (requested: string) => ({ code: -32022, data: { supported: [MODERN], requested } });

  test.each([
    ['named in the header alone', request(), 7],
    ['named in the header, with a _meta that says nothing of it', request({ _meta: {} }), 7],
    ['named in the header of initialize', initialize('2025-11-25'), 'init'],
    ['named in the header of a notification', notification(), null],
    ['named in header and _meta', request(claiming(LATER)), 7],
    ['named in header and _meta of a notification', notification(claiming(LATER)), null],
  ])('%s', async (_name, body, id) => {
    const answer = await refusal(await send(app.url, body, version(LATER)));
    expect(answer).toMatchObject([400, { id, error: unsupported(LATER) }]);
  });

  test('named in the _meta of a notification alone', async () => {
    const answer = await refusal(await send(app.url, notification(claiming(LATER))));
    expect(answer).toMatchObject([400, { error: unsupported(LATER) }]);
  });
});

test.each([
  ['requests', request(claiming(MODERN))],
  ['notifications', notification(claiming(MODERN))],
])('%s whose header names another revision than _meta are refused', async (_name, body) => {
  for (const other of ['2025-11-25', LATER])
    expect(await refusal(await send(app.url, body, version(other)))).toMatchObject([400, { error: { code: -32020 } }]);
});

test('a notification whose _meta names a revision that is no text is refused', async () => {
  const answer = await refusal(await send(app.url, notification(claiming(1)), version(MODERN)));
  expect(answer).toMatchObject([400, { error: { code: -32602 } }]);
});

test.each([
  ['nothing of a revision in _meta', notification(), MODERN],
  ['the same in _meta', notification(claiming(MODERN)), MODERN],
])('a notification is taken with the header of the revision and %s', async (_name, body, revision) => {
  expect((await send(app.url, body, version(revision))).status).toBe(202);
});

test.each([
  ['an empty batch', []],
  ['a batch of older requests', [request(undefined, 'ping')]],
  ['a batch of requests', [request(claiming(MODERN))]],
])('%s with the header of a revision without batches is no message', async (_name, body) => {
  const answer = await refusal(await send(app.url, body, version(MODERN)));
  expect(answer).toMatchObject([400, { id: null, error: { code: -32600 } }]);
});

test('batches of older revisions are answered', async () => {
  const response = await send(app.url, [request(undefined, 'ping')], version('2025-03-26'));
  expect(response.status).toBe(200);
});

test('GET and DELETE are not allowed in a revision without sessions, whatever session they name', async () => {
  const opened = await send(app.url, initialize('2025-11-25'));
  const session = opened.headers.get('mcp-session-id') ?? undefined;
  expect(session).toBeDefined();
  for (const method of ['GET', 'DELETE'] as const)
    for (const revision of [MODERN, LATER]) {
      const response = await send(app.url, undefined, { method, session, ...version(revision) });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
      await response.text();
    }
  const ended = await send(app.url, undefined, { method: 'DELETE', session, ...version('2025-11-25') });
  expect(ended.status).toBe(200);
});
