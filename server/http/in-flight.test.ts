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
