/**
 * What is streamed within a session, by a client that sends exactly what the test says.
 */
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { releaseMemory } from '../../memory.ts';
import { answerOf, call, eventsOf, initialize, openSession, type RawEvent, request, send } from './raw.testing.ts';
import { startForTest } from './server.testing.ts';
import { talkingToolset } from './talking.testing.ts';

describe('streams', () => {
  const collect = (response: Response): { readonly events: RawEvent[]; readonly ended: Promise<void> } => {
    const events: RawEvent[] = [];
    const read = async (): Promise<void> => {
      for await (const event of eventsOf(response)) events.push(event);
    };
    return { events, ended: read().catch(() => undefined) };
  };

  const collected = async (response: Response): Promise<RawEvent[]> => {
    const { events, ended } = collect(response);
    await ended;
    return events;
  };

  test('a call with progress streams it before the answer, primed where the revision has that', async () => {
    const { url } = await startForTest();
    for (const [revision, primed] of [
      ['2025-11-25', true],
      ['2025-06-18', false],
    ] as const) {
      const session = await openSession(url, { revision });
      const { events, ended } = collect(
        await send(url, call(1, 'work', { ms: 5, steps: 2 }, { progressToken: 'p' }), { session }),
      );
      await ended;
      const messages = events.flatMap(({ message }) => message ?? []);
      expect(messages).toMatchObject([
        { method: 'notifications/progress', params: { progressToken: 'p', progress: 1, total: 2 } },
        { method: 'notifications/progress', params: { progress: 2 } },
        { id: 1, result: { content: [{ text: 'worked' }] } },
      ]);
      expect(events.length).toBe(primed ? 4 : 3);
      expect(events[0]?.message === undefined).toBe(primed);
      expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
    }
  });

  test('a client that comes back with an id gets what it has missed, once and in order, and then the rest', async () => {
    const { url } = await startForTest();
    const session = await openSession(url);
    const hangUp = new AbortController();
    const first = await send(url, call(1, 'work', { ms: 40, steps: 6 }, { progressToken: 'p' }), {
      session,
      signal: hangUp.signal,
    });
    const seen: RawEvent[] = [];
    try {
      for await (const event of eventsOf(first)) {
        seen.push(event);
        if (seen.length === 3) hangUp.abort();
      }
    } catch {
      // hung up
    }
    const again = await send(url, undefined, {
      session,
      method: 'GET',
      headers: { 'last-event-id': seen[2]?.id ?? '' },
    });
    for await (const event of eventsOf(again)) seen.push(event);
    const messages = seen.map(({ message }) => message).filter((message) => message !== undefined);
    expect(messages.slice(0, -1).map((message) => (message['params'] as { progress: number }).progress)).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
    expect(messages.at(-1)).toMatchObject({ id: 1, result: {} });

    // The stream is over; its events are still there for one more client that has lost the end of it.
    const late = await send(url, undefined, {
      session,
      method: 'GET',
      headers: { 'last-event-id': seen.at(-2)?.id ?? '' },
    });
    expect((await answerOf(late)).messages).toEqual([messages.at(-1)]);
    const strange = await send(url, undefined, { session, method: 'GET', headers: { 'last-event-id': 'x' } });
    expect(strange.status).toBe(400);
  });

  test('a client that comes back to one stream hears nothing of another', async () => {
    const { url } = await startForTest();
    const session = await openSession(url);
    const [one, other] = await Promise.all(
      [1, 2].map(async (id) =>
        collected(await send(url, call(id, 'work', { ms: 5, steps: 4 }, { progressToken: id }), { session })),
      ),
    );
    expect(other?.length).toBe(6);
    const headers = { 'last-event-id': one?.[0]?.id ?? '' };
    const again = await collected(await send(url, undefined, { session, method: 'GET', headers }));
    expect(again).toEqual(one?.slice(1));
  });

  test('a server tells only of lists that it ever changes', async () => {
    const toolset = { ...talkingToolset(), needs: { publishes: ['tools'] as const } };
    const { url, bus } = await startForTest({ toolset });
    const session = await openSession(url);
    const { events } = collect(await send(url, undefined, { session, method: 'GET' }));
    bus.publish({ type: 'prompts' });
    bus.publish({ type: 'all' });
    const methods = (): unknown[] => events.flatMap(({ message }) => message?.['method'] ?? []);
    await expect.poll(methods).toEqual(['notifications/tools/list_changed']);
  });

  test('a tool lets its connection go, and the answer waits for the client', async () => {
    const { url } = await startForTest();
    const session = await openSession(url);
    const { events, ended } = collect(await send(url, call(1, 'come_back', { ms: 50 }), { session }));
    await ended;
    expect(events).toMatchObject([{ message: undefined }]);
    const headers = { 'last-event-id': events[0]?.id ?? '' };
    const again = await answerOf(await send(url, undefined, { session, method: 'GET', headers }));
    expect(again.messages).toMatchObject([{ id: 1, result: { content: [{ text: 'here it is' }] } }]);
  });

  test('a client whose revision could not come back keeps its connection', async () => {
    const { url } = await startForTest();
    const session = await openSession(url, { revision: '2025-06-18' });
    const { messages } = await answerOf(await send(url, call(1, 'come_back', { ms: 20 }), { session }));
    expect(messages).toMatchObject([{ id: 1, result: { content: [{ text: 'here it is' }] } }]);
  });

  test('a call goes on when a client that can come back goes, and ends when one that cannot goes', async () => {
    const { url, seen } = await startForTest();
    const session = await openSession(url);
    const begin = (body: object) => {
      const hangUp = new AbortController();
      const response = send(url, body, { session, signal: hangUp.signal });
      response.catch(() => undefined);
      return { response, hangUp };
    };
    const returning = begin(call(1, 'work', { ms: 50, steps: 20 }, { progressToken: 1 }));
    await returning.response; // its stream has begun, to which a client can come back
    expect(seen).toEqual(['started']);
    returning.hangUp.abort();
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(['started', 'done']);
    seen.splice(0);
    const silent = begin(call(2, 'work', { ms: 10_000 }));
    await expect.poll(() => seen).toEqual(['started']);
    silent.hangUp.abort();
    await expect.poll(() => seen).toEqual(['started', 'aborted']);
  });

  test('notifications/cancelled ends a call, which gets no answer', async () => {
    const { url, seen } = await startForTest();
    const session = await openSession(url);
    const called = send(url, call('long', 'work', { ms: 10_000 }), { session }).then(answerOf);
    await expect.poll(() => seen).toContain('started');
    const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'long' } };
    expect((await send(url, cancelled, { session })).status).toBe(202);
    expect((await called).messages).toEqual([]);
    expect(seen).toEqual(['started', 'aborted']);
  });

  test('a client that listens hears of changes it may care for, and only of those', async () => {
    const { url, bus } = await startForTest();
    const session = await openSession(url);
    const deaf = await openSession(url);
    await answerOf(await send(url, request(1, 'resources/subscribe', { uri: 'talk://now' }), { session }));
    const { events, ended } = collect(await send(url, undefined, { session, method: 'GET' }));
    const methods = (): unknown[] => events.flatMap(({ message }) => message?.['method'] ?? []);
    await answerOf(await send(url, call(2, 'change'), { session: deaf }));
    await answerOf(await send(url, call(3, 'change', { uri: 'talk://now' }), { session: deaf }));
    await answerOf(await send(url, call(4, 'change', { uri: 'talk://other' }), { session: deaf }));
    const lists = ['tools', 'prompts', 'resources'].map((list) => `notifications/${list}/list_changed`);
    await expect.poll(methods).toEqual([...lists, 'notifications/resources/updated']);
    bus.publish({ type: 'all' });
    await expect.poll(() => methods().slice(4)).toEqual([...lists, 'notifications/resources/updated']);
    await answerOf(await send(url, request(5, 'resources/unsubscribe', { uri: 'talk://now' }), { session }));
    bus.publish({ type: 'resource', uri: 'talk://now' });
    bus.publish({ type: 'tools' });
    await expect.poll(() => methods().slice(8)).toEqual([lists[0]]);
    await send(url, undefined, { session, method: 'DELETE' });
    await ended;
  });

  test('log messages come from the level on that the client has set', async () => {
    const { url } = await startForTest();
    const session = await openSession(url);
    const logged = async () =>
      (await answerOf(await send(url, call(1, 'log'), { session }))).messages.map(({ params }) => params);
    expect(await logged()).toEqual([undefined]);
    await answerOf(await send(url, request(2, 'logging/setLevel', { level: 'warning' }), { session }));
    expect(await logged()).toEqual([{ level: 'error', logger: 'talk', data: { large: true } }, undefined]);
    await answerOf(await send(url, request(2, 'logging/setLevel', { level: 'debug' }), { session }));
    expect((await logged()).length).toBe(3);
    const wrong = await answerOf(await send(url, request(2, 'logging/setLevel', { level: 'loud' }), { session }));
    expect(wrong.messages).toMatchObject([{ error: { code: -32602 } }]);
  });

  test('of a client that does not read are cut, and its session lives on', async () => {
    const { url, bus } = await startForTest();
    const session = await openSession(url);
    const uris = Array.from({ length: 20 }, (_, i) => `talk://${'x'.repeat(1500)}/${i}`);
    await Promise.all(uris.map((uri, i) => send(url, request(i, 'resources/subscribe', { uri }), { session })));
    const lazy = connect(Number(new URL(url).port), '127.0.0.1');
    lazy.on('error', () => undefined);
    lazy.write(`GET /mcp HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nMcp-Session-Id: ${session}\r\n\r\n`);
    await new Promise((resolve) => lazy.once('readable', resolve));
    const closed = new Promise((resolve) => lazy.once('close', resolve));
    // The system takes some megabytes for a reader that does not read.
    for (let i = 0; i < 600; i += 1) {
      bus.publish({ type: 'all' });
      await new Promise(setImmediate);
    }
    lazy.resume();
    await closed;
    expect((await send(url, request(1, 'ping'), { session })).status).toBe(200);
  });

  test('of all sessions together only so much is kept for clients that come back', async () => {
    const { url, seen } = await startForTest({ maxSessions: 40 });
    const body = call(1, 'come_back', { ms: 1, size: 2 << 20 });
    releaseMemory();
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 40; n += 1) {
      const session = await openSession(url);
      expect((await answerOf(await send(url, body, { session }))).status).toBe(200);
      await expect.poll(() => seen.length).toBe(n + 1);
    }
    releaseMemory();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(40 << 20);
  });

  test('of many sessions with the same ids never cross, whatever goes away in the middle', async () => {
    const { url } = await startForTest({ maxSessions: 60 });
    const clients = Array.from({ length: 60 }, (_, i) => i);
    const wrong: unknown[] = [];
    let right = 0;
    await Promise.all(
      clients.map(async (me) => {
        const session = await openSession(url);
        for (let round = 0; round < 6; round += 1) {
          const hangUp = new AbortController();
          const body = call(1, 'work', { ms: 2, steps: 2, size: 1 + me }, { progressToken: `token-${me}` });
          if ((me + round) % 4 === 0) setTimeout(() => hangUp.abort(), 3);
          try {
            const { messages } = await answerOf(await send(url, body, { session, signal: hangUp.signal }));
            for (const { method, params, id } of messages) {
              const { progressToken, message } = (params ?? {}) as { progressToken?: string; message?: string };
              const isMine = method ? progressToken === `token-${me}` && message?.length === 1 + me : id === 1;
              if (isMine) right += 1;
              else wrong.push({ me, method, params, id });
            }
          } catch (error) {
            if (!hangUp.signal.aborted) throw error;
          }
        }
      }),
    );
    expect(wrong).toEqual([]);
    expect(right).toBeGreaterThan(500);
  });

  test('end when the server closes', async () => {
    const { url, endpoint } = await startForTest();
    const session = await openSession(url);
    const { ended } = collect(await send(url, undefined, { session, method: 'GET' }));
    await endpoint.close();
    await ended;
    expect((await send(url, initialize())).status).toBe(503);
  });
});
