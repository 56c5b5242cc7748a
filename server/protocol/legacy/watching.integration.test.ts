/**
 * Resources that a client of a session watches, by a client that sends exactly what the test says.
 */
import { expect, test } from 'vitest';
import { defineResource } from '../../toolsets/toolset.ts';
import { answerOf, eventsOf, openSession, request, send } from './raw.testing.ts';
import { startForTest } from './server.testing.ts';
import { type TalkingDeps, talkingToolset } from './talking.testing.ts';

const secret = (uri: string) =>
  defineResource<TalkingDeps>()({
    uri,
    name: 'secret',
    title: 'Secret',
    description: 'Secret.',
    mimeType: 'text/plain',
    scope: 'secret:read',
    read: async () => 'secret',
  });

const start = () => {
  const talking = talkingToolset();
  const resources = [...talking.resources, secret('secret://one'), secret('secret://of/{name}')];
  return startForTest({ toolset: { ...talking, resources } });
};

test.each(['secret://one', 'secret://of/ada'])('who may not read %s may not watch it', async (uri) => {
  const { url, bus } = await start();
  const headers = { authorization: 'Bearer ada talk' };
  const session = await openSession(url, { headers });
  const ask = async (method: string, asked = uri) =>
    (await send(url, request(1, method, { uri: asked }), { session, headers })).status;
  expect(await ask('resources/read')).toBe(403);
  expect(await ask('resources/subscribe')).toBe(403);
  expect(await ask('resources/subscribe', 'talk://now')).toBe(200);
  const listening = eventsOf(await send(url, undefined, { session, headers, method: 'GET' }));
  bus.publish({ type: 'resource', uri });
  bus.publish({ type: 'resource', uri: 'talk://now' });
  for await (const { message } of listening) {
    if (message === undefined) continue;
    expect(message).toMatchObject({ method: 'notifications/resources/updated', params: { uri: 'talk://now' } });
    break;
  }
});

test('who may read it may watch it', async () => {
  const { url } = await start();
  const headers = { authorization: 'Bearer ada secret:read' };
  const session = await openSession(url, { headers });
  const { status } = await send(url, request(1, 'resources/subscribe', { uri: 'secret://one' }), { session, headers });
  expect(status).toBe(200);
});

test('a session watches only so much, and again when it has let go of something', async () => {
  const { url } = await start();
  const session = await openSession(url);
  const ask = async (method: 'subscribe' | 'unsubscribe', uri: string): Promise<unknown> =>
    (await answerOf(await send(url, request(1, `resources/${method}`, { uri }), { session }))).messages[0];
  const long = (n: number): string => `talk://${n}/`.padEnd(2048, 'x');
  for (let n = 0; n < 16; n += 1) expect(await ask('subscribe', long(n))).toHaveProperty('result');
  expect(await ask('subscribe', 'talk://now')).toMatchObject({
    error: { code: -32602, message: expect.stringMatching(/32768 characters.*Unsubscribe/) as string },
  });
  expect(await ask('subscribe', long(3))).toHaveProperty('result');
  expect(await ask('unsubscribe', 'talk://never')).toHaveProperty('result');
  expect(await ask('unsubscribe', long(3))).toHaveProperty('result');
  expect(await ask('subscribe', 'talk://now')).toHaveProperty('result');
  expect(await ask('subscribe', long(3))).toHaveProperty('error');
  expect(await ask('subscribe', `${long(3)}x`)).toHaveProperty('error');
});

test('a session watches only so many', async () => {
  const { url } = await start();
  const session = await openSession(url);
  const watch = async (n: number): Promise<unknown> =>
    (await answerOf(await send(url, request(1, 'resources/subscribe', { uri: `talk://${n}` }), { session })))
      .messages[0];
  await Promise.all(Array.from({ length: 256 }, (_, n) => watch(n)));
  expect(await watch(256)).toMatchObject({ error: { code: -32602 } });
  expect(await watch(255)).toHaveProperty('result');
});
