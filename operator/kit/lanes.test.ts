import { expect, test } from 'vitest';
import { Lanes, LOW_WAITS_MS } from './lanes.ts';

function all(lanes: Lanes, now: number): string[] {
  const keys: string[] = [];
  for (let key = lanes.shift(now); key !== undefined; key = lanes.shift(now)) keys.push(key);
  return keys;
}

test('what is to be made goes before what is to be looked at again, each in its order', () => {
  const lanes = new Lanes();
  lanes.offer('seen 1', 'low', 0);
  lanes.offer('new 1', 'normal', 0);
  lanes.offer('seen 2', 'low', 0);
  lanes.offer('new 2', 'normal', 0);
  expect(lanes.size).toBe(4);
  expect(all(lanes, 1)).toEqual(['new 1', 'new 2', 'seen 1', 'seen 2']);
  expect(lanes.size).toBe(0);
});

test('a key that has waited too long in the second line goes first', () => {
  const lanes = new Lanes();
  lanes.offer('old', 'low', 0);
  lanes.offer('young', 'low', 10);
  lanes.offer('new', 'normal', 10);
  expect(all(lanes, LOW_WAITS_MS)).toEqual(['old', 'new', 'young']);
});

test('a key that becomes urgent moves to the first line and comes once', () => {
  const lanes = new Lanes();
  lanes.offer('a', 'low', 0);
  lanes.offer('b', 'low', 0);
  lanes.offer('b', 'normal', 1);
  expect(lanes.size).toBe(2);
  expect(all(lanes, LOW_WAITS_MS * 2)).toEqual(['a', 'b']);
});

test('keys that have waited too long do not keep new ones waiting for ever: the lines take turns', () => {
  const lanes = new Lanes();
  for (const key of ['old 1', 'old 2', 'old 3']) lanes.offer(key, 'low', 0);
  for (const key of ['new 1', 'new 2']) lanes.offer(key, 'normal', 0);
  expect(all(lanes, LOW_WAITS_MS)).toEqual(['old 1', 'new 1', 'old 2', 'new 2', 'old 3']);
});
