import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { silent } from '../store/databases.testing.ts';
import { createLocalBus, type ServerEvent } from './event.ts';
import { createSharedBus, type LinkEvents } from './shared-bus.ts';

test('a local bus tells every listener at once, until it leaves', async () => {
  const bus = createLocalBus();
  const heard: string[] = [];
  const listener = (event: ServerEvent): void => void heard.push(event.type);
  const [first] = [bus.subscribe(listener), bus.subscribe(listener)];
  bus.publish({ type: 'tools' });
  first();
  bus.publish({ type: 'prompts' });
  expect(heard).toEqual(['tools', 'tools', 'prompts']);
  await bus.close();
  bus.publish({ type: 'tools' });
  expect(heard).toHaveLength(3);
});

test('what others write to the channel and is no event is left out', () => {
  let link: LinkEvents | undefined;
  const bus = createSharedBus(
    (events) => {
      link = events;
      return { send: async () => undefined, connected: () => true, close: async () => undefined };
    },
    { log: silent },
  );
  const heard: ServerEvent[] = [];
  bus.subscribe((event) => heard.push(event));
  for (const message of [
    '',
    'null',
    '{',
    '[]',
    '{"events":{}}',
    '{"events":[null,1,{"type":"x"},{"type":"resource"}]}',
  ])
    link?.received(message);
  expect(heard).toEqual([]);
  link?.received('{"from":"other","events":[{"type":"tools"}]}');
  expect(heard).toEqual([{ type: 'tools' }]);
});

test('what is published without a connection waits, equal events once, and goes out with the next', async () => {
  const link = { up: false, fail: true };
  const sent: string[] = [];
  let events: LinkEvents | undefined;
  const bus = createSharedBus(
    (given) => {
      events = given;
      return {
        connected: () => link.up,
        close: async () => undefined,
        async send(message) {
          if (link.fail) throw new Error('lost');
          sent.push(message);
        },
      };
    },
    { log: silent },
  );
  for (let n = 0; n < 100; n += 1) bus.publish({ type: 'resource', uri: `x://${n % 2}` });
  link.up = true;
  events?.writable();
  link.fail = false; // the first attempt is made in a later turn, so it succeeds
  await expect
    .poll(() => sent.map((text) => (JSON.parse(text) as { events: unknown }).events))
    .toEqual([
      [
        { type: 'resource', uri: 'x://0' },
        { type: 'resource', uri: 'x://1' },
      ],
    ]);
  link.fail = true;
  bus.publish({ type: 'tools' });
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(sent).toHaveLength(1);
  link.fail = false;
  await expect.poll(() => sent.length, { timeout: 5_000 }).toBe(2);
  expect(sent[1]).toContain('"events":[{"type":"tools"}]');
});

test('a bus whose messages never leave closes its connection all the same, and tries no more', async () => {
  let attempts = 0;
  let closed = false;
  const bus = createSharedBus(
    () => ({
      connected: () => true,
      send: () => Promise.reject(new Error(`not allowed, ${(attempts += 1)}`)),
      close: async () => void (closed = true),
    }),
    { log: silent },
  );
  bus.publish({ type: 'tools' });
  await expect.poll(() => bus.ready()).toBe(false);
  await bus.close();
  expect(closed).toBe(true);
  const last = attempts;
  await sleep(1_200); // more than twice the time between two attempts
  expect(attempts).toBe(last);
});

test('a connection that does not end holds up nobody', async () => {
  const link = { connected: () => true, send: async () => undefined, close: () => new Promise<void>(() => undefined) };
  const bus = createSharedBus(() => link, { log: silent });
  const begin = performance.now();
  await bus.close();
  expect(performance.now() - begin).toBeLessThan(5_000);
});
