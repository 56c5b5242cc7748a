/**
 * How a server goes: readiness first, then connections, then the last call, and not one call fails on the way.
 */
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startTestApp, type TestApp } from './app.testing.ts';
import { openRaw } from './http/raw.testing.ts';
import { connectV1, post } from './protocol/clients.testing.ts';

const CALL = JSON.stringify({
  jsonrpc: '2.0',
  id: 7,
  method: 'tools/call',
  params: { name: 'wait', arguments: { ms: 20 } },
});

/** One legacy call over a kept connection; the status, or the error's code. */
function call(url: string, agent: Agent): Promise<number | string> {
  return new Promise((resolve) => {
    const headers = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'content-length': CALL.length,
    };
    const outgoing = httpRequest(url, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(text.includes('"waited":20') ? (response.statusCode ?? 0) : text));
      response.on('error', (error) => resolve(String(error)));
    });
    outgoing.on('error', (error) => resolve(String(error)));
    outgoing.end(CALL);
  });
}

test('40 clients on kept connections lose no call while both of two servers are replaced', {
  timeout: 30_000,
}, async () => {
  const start = (): Promise<TestApp> => startTestApp({ drainMs: 400 });
  const endpoints: TestApp[] = [await start(), await start()];
  const results: (number | string)[] = [];
  const going = new AbortController();
  const clients = Array.from({ length: 40 }, async (_, i) => {
    const agents = new Map<string, Agent>();
    for (let n = i; !going.signal.aborted; n += 1) {
      const { url } = endpoints[n % endpoints.length] as TestApp;
      const agent = agents.get(url) ?? new Agent({ keepAlive: true, maxSockets: 1 });
      agents.set(url, agent);
      results.push(await call(url, agent));
    }
    for (const agent of agents.values()) agent.destroy();
  });
  for (let i = 0; i < 2; i += 1) {
    await sleep(150);
    const fresh = await start();
    endpoints.push(fresh);
    const old = endpoints[0] as TestApp;
    const closed = old.close();
    await sleep(200); // endpoints change later than the server is told to stop
    endpoints.shift();
    await closed;
  }
  going.abort();
  await Promise.all(clients);
  await Promise.all(endpoints.map((app) => app.close()));
  expect(results.filter((result) => result !== 200)).toEqual([]);
  expect(results.length).toBeGreaterThan(200);
});

test('a stopping server is unready, ends connections, and finishes the calls it has', { timeout: 30_000 }, async () => {
  const app = await startTestApp({ drainMs: 800 });
  const running = post(app.url, 'tools/call', { name: 'wait', arguments: { ms: 1200 } });
  await expect
    .poll(async () => (await fetch(`${app.healthUrl}/metrics`)).text(), { timeout: 10_000 })
    .toContain('mcp_server_requests_in_flight 1');
  const closed = app.close();
  const ready = await fetch(`${app.healthUrl}/readyz`);
  expect([ready.status, await ready.json()]).toMatchObject([
    503,
    { ready: false, checks: { store: 'ok', lifecycle: 'the server is stopping' } },
  ]);
  expect((await fetch(`${app.healthUrl}/healthz`)).status).toBe(200);
  const late = await post(app.url, 'tools/list');
  expect([late.status, late.headers.get('connection')]).toEqual([200, 'close']);
  const answer = await running;
  expect(answer.headers.get('connection')).toBe('close');
  expect(await answer.text()).toContain('"waited":1200');
  await closed;
  await expect(fetch(app.url)).rejects.toThrow('fetch failed');
  await expect(fetch(app.healthUrl)).rejects.toThrow('fetch failed');
});

test('a stopping server ends subscriptions with a result, after the last call and before it is gone', {
  timeout: 30_000,
}, async () => {
  const app = await startTestApp({ drainMs: 200, toolsets: [{ name: 'news' }] });
  const listening = await Promise.all(
    Array.from({ length: 50 }, () =>
      post(app.url, 'subscriptions/listen', { notifications: { toolsListChanged: true } }),
    ),
  );
  const running = post(app.url, 'tools/call', { name: 'wait', arguments: { ms: 1_000 } }).then((answer) =>
    answer.text(),
  );
  await expect
    .poll(async () => (await fetch(`${app.healthUrl}/metrics`)).text(), { timeout: 10_000 })
    .toMatch(/in_flight 1\n[\s\S]*mcp_server_subscriptions 50/);
  const order: string[] = [];
  const ends = listening.map(async (answer) => {
    const text = await answer.text();
    order.push('subscription');
    return text;
  });
  void running.then(() => order.push('call'));
  await app.close();
  for (const end of ends) expect(await end).toContain('"result":');
  expect(await running).toContain('"waited":1000');
  expect(order[0]).toBe('call');
  expect(order).toHaveLength(51);
});

test('a client that keeps its connection idle, or says nothing on it, does not hold a stopping server up', async () => {
  const app = await startTestApp();
  const client = await connectV1(app.url);
  await client.listTools();
  const silent = await openRaw(app.url);
  const start = performance.now();
  await app.close();
  expect(performance.now() - start).toBeLessThan(1_000);
  expect(await silent.ended).toBe('');
});

test('a request that never comes to its end holds a stopping server up for a second', async () => {
  const app = await startTestApp();
  const { socket, ended } = await openRaw(app.url);
  socket.write('POST /mcp HTTP/1.1\r\nHost: loc');
  await post(app.url, 'tools/list');
  const start = performance.now();
  await app.close();
  expect(performance.now() - start).toBeLessThan(3_000);
  await ended;
});

test('settling changes nothing for clients, and is harmless while stopping', async () => {
  const app = await startTestApp({ drainMs: 100 });
  await app.settle();
  const answer = await post(app.url, 'tools/call', { name: 'echo', arguments: { text: 'settled' } });
  expect(answer.status).toBe(200);
  const closed = app.close();
  await app.settle();
  await closed;
});

test('a configuration that cannot work is refused with the field and the cure', async () => {
  await expect(startTestApp({ toolsets: [{ name: 'nope' }] })).rejects.toThrow(
    'toolsets.0.name: no toolset nope; there are echo, news',
  );
  await expect(startTestApp({ toolsets: [{ name: 'echo', config: { loud: true } }] })).rejects.toThrow(
    'toolsets.0.config of echo: Unrecognized key: "loud"',
  );
});
