/**
 * Whom the front lets in, and how often: identity, rate and room, through a whole server.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../app.testing.ts';
import { post } from '../protocol/clients.testing.ts';
import { call, send } from '../protocol/legacy/raw.testing.ts';

const apps: TestApp[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});
async function start(overrides: Parameters<typeof startTestApp>[0]): Promise<TestApp> {
  const app = await startTestApp(overrides);
  apps.push(app);
  return app;
}

const echo = (app: TestApp, headers: Record<string, string> = {}): Promise<Response> =>
  post(app.url, 'tools/call', { name: 'echo', arguments: { text: 'in' } }, headers);
const metrics = async (app: TestApp): Promise<string> => (await fetch(`${app.healthUrl}/metrics`)).text();

describe('the rate of one caller', () => {
  test('ends with 429 and the time to wait, whatever address a header claims', async () => {
    const app = await start({ limits: { requestsPerMinutePerCaller: 60 } });
    const statuses: number[] = [];
    for (let n = 0; n < 10; n += 1) statuses.push((await echo(app)).status);
    expect(statuses).toEqual(Array.from({ length: 10 }, () => 200));
    for (const headers of [
      {},
      { 'x-forwarded-for': '203.0.113.9' },
      { forwarded: 'for=203.0.113.9' },
      { 'x-real-ip': '1.2.3.4' },
    ]) {
      const refused = await echo(app, headers);
      expect(refused.status).toBe(429);
      expect(refused.headers.get('retry-after')).toBe('1');
      const { error } = (await refused.json()) as { error: { code: number; data: { retryAfterMs: number } } };
      expect(error.code).toBe(-32_000);
      expect(error.data.retryAfterMs).toBeGreaterThan(0);
      expect(error.data.retryAfterMs).toBeLessThanOrEqual(1_000);
    }
    expect(app.written).toHaveLength(10);
    expect(await metrics(app)).toContain('mcp_server_requests_refused_total{reason="rate"} 4');
  });

  test('is spent by requests of any kind that reach the endpoint, and not by those refused before', async () => {
    const app = await start({ limits: { requestsPerMinutePerCaller: 6 } });
    expect((await fetch(app.url)).status).toBe(405);
    expect((await fetch(app.url, { method: 'POST', body: 'x' })).status).toBe(415);
    expect((await post(app.url, 'tools/list')).status).toBe(200);
    expect((await post(app.url, 'tools/list')).status).toBe(429);
  });
});

describe('room', () => {
  const wait = (app: TestApp, ms: number): Promise<Response> =>
    post(app.url, 'tools/call', { name: 'wait', arguments: { ms } });

  test('calls beyond it get 503 and come back later; none of the others suffers', async () => {
    const app = await start({ limits: { maxInFlight: 4 } });
    const running = Array.from({ length: 4 }, () => wait(app, 500));
    await expect.poll(() => metrics(app)).toContain('mcp_server_requests_in_flight 4');
    const refused = await wait(app, 0);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    const { error } = (await refused.json()) as { error: { data: { retryAfterMs: number } } };
    expect(error.data.retryAfterMs).toBeGreaterThanOrEqual(500);
    expect(error.data.retryAfterMs).toBeLessThanOrEqual(1_000);
    for (const answer of await Promise.all(running)) expect(await answer.text()).toContain('"waited":500');
    expect((await wait(app, 0)).status).toBe(200);
    expect(await metrics(app)).toContain('mcp_server_requests_in_flight 0');
  });

  test('an open subscription takes none of it', async () => {
    const app = await start({ toolsets: [{ name: 'news' }], limits: { maxInFlight: 1 } });
    const listening = await post(app.url, 'subscriptions/listen', { notifications: { toolsListChanged: true } });
    expect(await metrics(app)).toMatch(/in_flight 0\n[\s\S]*mcp_server_subscriptions 1\n/);
    expect((await echo(app)).status).toBe(200);
    await listening.body?.cancel();
  });

  test('a call that only says in a header that it is a subscription takes it', async () => {
    const app = await start({ limits: { maxInFlight: 1 } });
    // Of a revision that knows no such header.
    const running = send(app.url, call(1, 'wait', { ms: 1_000 }), {
      headers: { 'mcp-method': 'subscriptions/listen' },
    });
    await expect.poll(() => app.written).toEqual(['waiting']);
    expect((await echo(app)).status).toBe(503);
    expect((await running).status).toBe(200);
    expect((await echo(app)).status).toBe(200);
  });
});

describe('a batch', () => {
  const batch = (app: TestApp, messages: readonly object[]): Promise<Response> => send(app.url, messages);
  const echoes = (count: number) => Array.from({ length: count }, (_, id) => call(id, 'echo', { text: 'in' }));

  test('costs its caller as many requests as it holds', async () => {
    const app = await start({ limits: { requestsPerMinutePerCaller: 60 } });
    const statuses: number[] = [];
    for (const count of [4, 7, 5, 1]) statuses.push((await batch(app, echoes(count))).status);
    expect(statuses).toEqual([200, 429, 200, 429]);
    expect(app.written).toHaveLength(9);
  });

  test('takes as many places as it holds, and gives them back', async () => {
    const app = await start({ limits: { maxInFlight: 4 } });
    const running = batch(app, [call(1, 'wait', { ms: 1_000 }), ...echoes(2)]);
    await expect.poll(() => metrics(app)).toContain('mcp_server_requests_in_flight 3');
    expect((await batch(app, echoes(2))).status).toBe(503);
    expect((await echo(app)).status).toBe(200);
    expect((await running).status).toBe(200);
    expect((await batch(app, echoes(4))).status).toBe(200);
    expect(await metrics(app)).toContain('mcp_server_requests_in_flight 0');
  });

  test('that could never be let in is told so, and not to come back', async () => {
    const app = await start({ limits: { maxInFlight: 4, requestsPerMinutePerCaller: 12 } });
    const refused = await batch(app, echoes(3));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([413, null]);
    expect(await refused.text()).toContain('at most 2 may come at once');
    expect(app.written).toEqual([]);
  });
});

describe('the audit log', () => {
  const calls = async (app: TestApp): Promise<Record<string, unknown>[]> => {
    await app.close();
    return app.lines.filter(({ message }) => message === 'call');
  };

  test('has one line for each request that was answered, with its result, and nothing of its content', async () => {
    const app = await start({});
    await echo(app);
    await post(app.url, 'tools/call', { name: 'fail', arguments: { how: 'tool' } });
    await post(app.url, 'tools/call', { name: 'made-up', arguments: { secret: 'hunter2' } });
    const lines = await calls(app);
    expect(lines).toMatchObject([
      {
        caller: 'anonymous',
        method: 'tools/call',
        name: 'echo',
        outcome: 'ok',
        transport: 'http',
        revision: '2026-07-28',
      },
      { method: 'tools/call', name: 'fail', outcome: 'tool_error' },
      { method: 'tools/call' },
    ]);
    expect(lines[2]).not.toHaveProperty('name');
    expect(lines[0]?.['ms']).toBeTypeOf('number');
    expect(JSON.stringify(lines)).not.toMatch(/hunter2|made-up|"in"/);
  });

  test('can be switched off', async () => {
    const app = await start({ auditLog: false });
    await echo(app);
    expect(await calls(app)).toEqual([]);
  });
});
