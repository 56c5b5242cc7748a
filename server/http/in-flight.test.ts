import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { InFlight } from './in-flight.ts';

function response(): ServerResponse {
  const made = new ServerResponse(new IncomingMessage(new Socket()));
  made.shouldKeepAlive = true;
  return made;
}

test('each answer is counted until it is sent or let go, in whatever order', () => {
  const inFlight = new InFlight(3);
  const all = [response(), response(), response()] as const;
  for (const each of all) inFlight.add(each);
  expect(inFlight.count).toBe(3);
  expect(inFlight.full).toBe(true);
  all[0].emit('close');
  expect(inFlight.count).toBe(2);
  all[0].emit('close');
  inFlight.release(all[0]);
  expect(inFlight.count).toBe(2);
  inFlight.release(all[2]);
  inFlight.closeConnections();
  expect(all.map(({ shouldKeepAlive }) => shouldKeepAlive)).toEqual([true, false, true]);
  inFlight.release(all[1]);
  expect(inFlight.count).toBe(0);
  expect(inFlight.full).toBe(false);
});

test('an answer that weighs more takes more room, and gives all of it back', () => {
  const inFlight = new InFlight(4);
  const [heavy, light] = [response(), response()] as const;
  inFlight.add(heavy);
  inFlight.add(light);
  expect(inFlight.weigh(heavy, 4)).toBe(false);
  expect(inFlight.count).toBe(2);
  expect(inFlight.weigh(heavy, 3)).toBe(true);
  expect([inFlight.count, inFlight.full]).toEqual([4, true]);
  heavy.emit('close');
  inFlight.release(heavy);
  expect([inFlight.count, inFlight.full]).toEqual([1, false]);
});

test('an answer whose work goes on without its connection counts until both have ended', async () => {
  const inFlight = new InFlight(2);
  const [left, ended] = [response(), response()] as const;
  const work = Promise.withResolvers<void>();
  for (const each of [left, ended]) {
    inFlight.add(each);
    inFlight.until(each, each === left ? work.promise : Promise.reject(new Error('the work failed')));
  }
  left.emit('close');
  await new Promise(setImmediate);
  expect(inFlight.count).toBe(2);
  ended.emit('close');
  expect(inFlight.count).toBe(1);
  work.resolve();
  await new Promise(setImmediate);
  expect(inFlight.count).toBe(0);
});
