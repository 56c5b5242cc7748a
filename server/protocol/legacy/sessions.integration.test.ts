/**
 * Sessions over HTTP, by a client that sends exactly what the test says.
 */
import { describe, expect, test } from 'vitest';
import { answerOf, call, initialize, openSession, request, send } from './raw.testing.ts';
import { startForTest } from './server.testing.ts';

describe('a session', () => {
  test('is opened by initialize, answers in JSON, and ends with DELETE', async () => {
    const { url, endpoint } = await startForTest();
    const opened = await answerOf(await send(url, initialize('2025-06-18')));
    expect(opened).toMatchObject({ status: 200, type: 'application/json' });
    expect(opened.messages).toEqual([
      {
        jsonrpc: '2.0',
        id: 'init',
        result: {
          protocolVersion: '2025-06-18',
          capabilities: {
            tools: { listChanged: true },
            resources: { listChanged: true, subscribe: true },
            prompts: { listChanged: true },
            completions: {},
            logging: {},
          },
          serverInfo: { name: 'test', version: '1.2.3' },
          instructions: 'Talk.',
        },
      },
    ]);
    const session = opened.headers.get('mcp-session-id') ?? '';
    expect(session).toMatch(/^[\x21-\x7e]{40,}$/);
    const notified = await send(url, { jsonrpc: '2.0', method: 'notifications/initialized' }, { session });
    expect([notified.status, await notified.text()]).toEqual([202, '']);
    const pong = await answerOf(await send(url, request(2, 'ping'), { session }));
    expect(pong).toMatchObject({ type: 'application/json', messages: [{ id: 2, result: {} }] });
    expect(endpoint.sessions).toBe(1);
    expect((await send(url, undefined, { session, method: 'DELETE' })).status).toBe(200);
    expect(endpoint.sessions).toBe(0);
    const after = await answerOf(await send(url, request(3, 'ping'), { session }));
    expect(after).toMatchObject({ status: 404, messages: [{ error: { code: -32001, message: 'Session not found' } }] });
  });

  test('cannot be initialized twice, nor opened within a batch', async () => {
    const { url } = await startForTest();
    const session = await openSession(url);
    const again = await answerOf(await send(url, initialize(), { session }));
    expect(again.messages).toMatchObject([{ error: { code: -32600 } }]);
    expect((await send(url, [initialize()])).status).toBe(400);
  });

  test('is found by its own caller only, who cannot tell it from one that never was', async () => {
    const { url } = await startForTest();
    const ada = { authorization: 'Bearer ada' };
    const session = await openSession(url, { headers: ada });
    const asked = async (headers: Record<string, string>, method: 'POST' | 'GET' | 'DELETE', id = session) => {
      const body = method === 'POST' ? request(1, 'ping') : undefined;
      const { status, messages } = await answerOf(await send(url, body, { session: id, headers, method }));
      return { status, messages };
    };
    const never = await asked(ada, 'POST', `${session}x`);
    expect(never.status).toBe(404);
    for (const method of ['POST', 'GET', 'DELETE'] as const)
      expect(await asked({ authorization: 'Bearer bob' }, method)).toEqual(never);
    expect((await asked(ada, 'POST')).status).toBe(200);
  });

  test('ends when nobody has used it for its time, but not while a client listens', async () => {
    let clock = 0;
    const { url, endpoint } = await startForTest({ sessionTtlMs: 1000, monotonic: () => clock, periodMs: 60 });
    const listening = await openSession(url);
    const resting = await openSession(url);
    const hangUp = new AbortController();
    await send(url, undefined, { session: listening, method: 'GET', signal: hangUp.signal });
    clock = 999;
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(endpoint.sessions).toBe(2);
    clock = 1000;
    await expect.poll(() => endpoint.sessions).toBe(1);
    clock = 2000;
    expect((await send(url, request(1, 'ping'), { session: resting })).status).toBe(404);
    expect((await send(url, request(1, 'ping'), { session: listening })).status).toBe(200);
    hangUp.abort();
    clock = 9000;
    await expect.poll(() => endpoint.sessions).toBe(0);
  });

  test('that has rested longest makes room when all places are taken; where none rests, the next is refused', async () => {
    let clock = 0;
    const { url, endpoint } = await startForTest({ maxSessions: 2, monotonic: () => clock });
    const first = await openSession(url);
    clock = 5_000;
    const second = await openSession(url);
    const full = await send(url, initialize());
    expect([full.status, full.headers.get('retry-after')]).toEqual([503, '10']);
    clock = 10_000;
    const third = await openSession(url);
    expect(endpoint.sessions).toBe(2);
    const status = async (session: string) => (await send(url, request(1, 'ping'), { session })).status;
    expect([await status(first), await status(second), await status(third)]).toEqual([404, 200, 200]);
  });

  describe('of a caller who opens many', () => {
    const by = (caller: string) => ({ headers: { authorization: `Bearer ${caller}` } });
    const opens = async (url: string, caller: string): Promise<number> =>
      (await send(url, initialize(), by(caller))).status;
    const lives = async (url: string, session: string, caller: string): Promise<boolean> =>
      (await send(url, request(1, 'ping'), { session, ...by(caller) })).status === 200;

    test('ends none of another, however long that has rested', async () => {
      let clock = 0;
      const { url } = await startForTest({ maxSessions: 10, monotonic: () => clock });
      const adas = await openSession(url, by('ada'));
      clock = 60_000;
      const eves = await openSession(url, by('eve'));
      for (let n = 0; n < 50; n += 1) await opens(url, 'eve');
      expect(await lives(url, adas, 'ada')).toBe(true);
      clock = 120_000;
      expect(await opens(url, 'eve')).toBe(200);
      expect([await lives(url, adas, 'ada'), await lives(url, eves, 'eve')]).toEqual([true, false]);
    });

    test('ends none of another who has as many', async () => {
      let clock = 0;
      const { url } = await startForTest({ maxSessions: 2, monotonic: () => clock });
      const adas = await openSession(url, by('ada'));
      clock = 60_000;
      await openSession(url, by('eve'));
      expect([await opens(url, 'eve'), await lives(url, adas, 'ada')]).toEqual([503, true]);
    });

    test('makes room for the others until they have as many, though it is in use or listened to', async () => {
      const { url, endpoint } = await startForTest({ maxSessions: 10 });
      const hangUp = new AbortController();
      for (let n = 0; n < 10; n += 1) {
        const session = await openSession(url, by('eve'));
        await send(url, undefined, { session, method: 'GET', signal: hangUp.signal, ...by('eve') });
      }
      expect(await opens(url, 'eve')).toBe(503);
      const adas = [];
      for (let n = 0; n < 5; n += 1) adas.push(await openSession(url, by('ada')));
      expect([await opens(url, 'ada'), await opens(url, 'eve')]).toEqual([503, 503]);
      expect(await opens(url, 'bob')).toBe(200);
      expect(endpoint.sessions).toBe(10);
      const alive = await Promise.all(adas.map((session) => lives(url, session, 'ada')));
      expect(alive.filter(Boolean).length).toBeGreaterThanOrEqual(4);
      hangUp.abort();
    });

    test('makes no room where a request is being answered in each', async () => {
      const { url, seen } = await startForTest({ maxSessions: 2 });
      const hangUp = new AbortController();
      for (let n = 0; n < 2; n += 1) {
        const session = await openSession(url, by('eve'));
        const busy = send(url, call(1, 'work', { ms: 10_000 }), { session, signal: hangUp.signal, ...by('eve') });
        busy.catch(() => undefined);
      }
      await expect.poll(() => seen).toEqual(['started', 'started']);
      expect(await opens(url, 'ada')).toBe(503);
      hangUp.abort();
    });
  });
});

describe('requests over HTTP', () => {
  test.each([
    ['POST', 'application/json', 406],
    ['POST', 'text/event-stream', 406],
    ['POST', '*/*', 200],
    ['POST', 'text/event-stream, application/json;q=0.9', 200],
    ['GET', 'application/json', 406],
    ['GET', 'text/event-stream', 200],
  ] as const)('%s that accepts %s is answered with %i', async (method, accept, status) => {
    const { url } = await startForTest();
    const session = await openSession(url);
    const hangUp = new AbortController();
    const response = await send(url, method === 'POST' ? request(1, 'ping') : undefined, {
      session,
      method,
      headers: { accept },
      signal: hangUp.signal,
    });
    expect(response.status).toBe(status);
    hangUp.abort();
  });

  test('of a revision that is not spoken here are refused with those that are', async () => {
    const { url } = await startForTest();
    const session = await openSession(url);
    const { status, messages } = await answerOf(
      await send(url, request(1, 'ping'), { session, headers: { 'mcp-protocol-version': '1999-01-01' } }),
    );
    expect(status).toBe(400);
    expect(JSON.stringify(messages)).toContain('2025-11-25, 2025-06-18, 2025-03-26, 2024-11-05');
  });

  test.each([
    [{ jsonrpc: '1.0', id: 1, method: 'ping' }, 'jsonrpc must be'],
    [{ jsonrpc: '2.0', id: null, method: 'ping' }, 'id must be'],
    [{ jsonrpc: '2.0', id: 1.5, method: 'ping' }, 'id must be'],
    [{ jsonrpc: '2.0', id: 'x'.repeat(257), method: 'ping' }, 'id must be'],
    [{ jsonrpc: '2.0', id: 1, method: 'ping', params: [] }, 'params must be'],
    [{ jsonrpc: '2.0', id: 1, method: 7 }, 'method must be'],
    [{ jsonrpc: '2.0', id: 1 }, 'a message has a method'],
    ['ping', 'a message is an object'],
    [[], 'no batches'],
  ])('that are no messages are refused: %j', async (body, problem) => {
    const { url } = await startForTest();
    const session = await openSession(url);
    const { status, messages } = await answerOf(await send(url, body, { session }));
    expect(status).toBe(400);
    expect(messages).toMatchObject([{ error: { code: -32600 } }]);
    expect(JSON.stringify(messages)).toContain(problem);
  });

  test('GET and DELETE without a session are not allowed', async () => {
    const { url } = await startForTest();
    for (const method of ['GET', 'DELETE'] as const) expect((await send(url, undefined, { method })).status).toBe(405);
  });

  test('in a batch are answered together, where the revision has batches', async () => {
    const { url } = await startForTest();
    const session = await openSession(url, { revision: '2025-03-26' });
    const { type, messages } = await answerOf(
      await send(url, [request(1, 'ping'), { jsonrpc: '2.0', method: 'x' }, request('b', 'nope'), 7], { session }),
    );
    expect(type).toBe('application/json');
    expect(messages.sort((a, b) => String(a['id']).localeCompare(String(b['id'])))).toMatchObject([
      { id: 1, result: {} },
      { id: 'b', error: { code: -32601 } },
      { id: null, error: { code: -32600 } },
    ]);
    const streamed = await answerOf(
      await send(url, [call(3, 'work', { ms: 1 }, { progressToken: 'p' }), request(4, 'ping')], { session }),
    );
    expect(streamed.type).toBe('text/event-stream');
    expect(
      streamed.messages
        .map(({ id }) => id)
        .filter(Boolean)
        .toSorted((a, b) => Number(a) - Number(b)),
    ).toEqual([3, 4]);
    const many = Array.from({ length: 65 }, (_, i) => request(i, 'ping'));
    expect((await send(url, many, { session })).status).toBe(400);
  });

  test('of a caller without the scope get 403', async () => {
    const { url } = await startForTest();
    const headers = { authorization: 'Bearer ada other' };
    const session = await openSession(url, { headers });
    expect((await send(url, call(1, 'log'), { session, headers })).status).toBe(403);
    const allowed = { authorization: 'Bearer ada other talk' };
    expect((await send(url, call(1, 'log'), { session, headers: allowed })).status).toBe(200);
  });

  test('for a resource that is not there get the old code', async () => {
    const { url } = await startForTest();
    const session = await openSession(url);
    const { messages } = await answerOf(
      await send(url, request(1, 'resources/read', { uri: 'talk://no' }), { session }),
    );
    expect(messages).toMatchObject([{ error: { code: -32002, data: { uri: 'talk://no' } } }]);
  });
});
