/**
 * Calls of sessions whose connection is gone, through a whole server: they take their place among the requests in
 * flight until they end, and a server that stops waits for them.
 */
import { expect, onTestFinished, test } from 'vitest';
import { startTestApp } from '../../app.testing.ts';
import { answerOf, call, eventsOf, openSession, request, send } from './raw.testing.ts';
import { talkingToolset } from './talking.testing.ts';

async function start(maxInFlight: number) {
  const seen: string[] = [];
  const overrides = { toolsets: [{ name: 'talking' }], limits: { maxInFlight } };
  const app = await startTestApp(overrides, { talking: async () => talkingToolset(seen) });
  onTestFinished(() => app.close());
  const session = await openSession(app.url);
  /** Begins a call and drops its connection with the first message; gives the id of the event. */
  const beginAndDrop = async (id: number, ms: number, steps: number): Promise<string | undefined> => {
    const hangUp = new AbortController();
    const body = call(id, 'work', { ms, steps }, { progressToken: id });
    const response = await send(app.url, body, { session, signal: hangUp.signal });
    expect(response.status).toBe(200);
    for await (const event of eventsOf(response)) {
      if (event.message === undefined) continue;
      hangUp.abort();
      return event.id;
    }
    return undefined;
  };
  const ping = async (): Promise<number> => (await send(app.url, request('ping', 'ping'), { session })).status;
  const comeBack = (lastEventId = ''): Promise<Response> =>
    send(app.url, undefined, { session, method: 'GET', headers: { 'last-event-id': lastEventId } });
  return { app, session, seen, beginAndDrop, ping, comeBack };
}

test('a call whose client has dropped its connection takes its place until it ends', async () => {
  const { seen, beginAndDrop, ping } = await start(2);
  await beginAndDrop(1, 100, 12);
  expect(await ping()).toBe(200);
  await beginAndDrop(2, 100, 12);
  await expect.poll(ping).toBe(503);
  expect(seen).toEqual(['started', 'started']);
  await expect.poll(() => seen, { timeout: 10_000 }).toEqual(['started', 'started', 'done', 'done']);
  await expect.poll(ping).toBe(200);
});

test('a call that has let its connection go takes its place until it ends', async () => {
  const { app, session, seen, ping } = await start(1);
  await answerOf(await send(app.url, call(1, 'come_back', { ms: 800 }), { session }));
  expect(await ping()).toBe(503);
  await expect.poll(() => seen).toEqual(['came back']);
  await expect.poll(ping).toBe(200);
});

test('a client that has come back gets its answer from a server that stops', async () => {
  const { app, seen, beginAndDrop, comeBack } = await start(10);
  const resumed = await comeBack(await beginAndDrop(1, 100, 8));
  const stopped = app.close();
  const { messages } = await answerOf(resumed);
  expect(messages.at(-1)).toMatchObject({ id: 1, result: { content: [{ text: 'worked' }] } });
  await stopped;
  expect(seen).toEqual(['started', 'done']);
});

test('a server that stops lets a call end whose client has not come back', async () => {
  const { app, seen, beginAndDrop } = await start(10);
  await beginAndDrop(1, 100, 8);
  await app.close();
  expect(seen).toEqual(['started', 'done']);
});
