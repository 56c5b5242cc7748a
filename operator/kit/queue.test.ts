import { expect, test } from 'vitest';
import { Queue } from './queue.ts';
import { FakeClock } from './testing/clock.ts';

const always = (value: number) => () => value;

test('a waiting key is kept once and keys come out in order', async () => {
  const queue = new Queue();
  for (const key of ['a', 'b', 'a']) queue.add(key);
  expect(queue.depth).toBe(2);
  expect([await queue.take(), await queue.take()]).toEqual(['a', 'b']);
});

test('a key added while it is worked on runs once more afterwards, never twice at a time', async () => {
  const queue = new Queue();
  queue.add('a');
  await queue.take();
  queue.add('a');
  queue.add('a');
  expect(queue.depth).toBe(0);
  queue.done('a');
  expect(queue.depth).toBe(1);
});

test('a worker that waits gets the key at once', async () => {
  const queue = new Queue();
  const taken = queue.take();
  queue.add('a');
  expect(await taken).toBe('a');
  expect(queue.active).toBe(1);
});

test('of two times the earlier wins, and add() overtakes both', () => {
  const clock = new FakeClock();
  const queue = new Queue({ clock });
  queue.addAfter('a', 100);
  queue.addAfter('a', 50);
  queue.addAfter('a', 80);
  clock.advance(49);
  expect(queue.depth).toBe(0);
  clock.advance(1);
  expect(queue.depth).toBe(1);
  queue.addAfter('b', 10);
  queue.add('b');
  clock.advance(1000);
  expect([queue.depth, queue.delayed]).toEqual([2, 0]);
});

test('a key of low priority waits behind the others and is promoted by a second, urgent reason', async () => {
  const queue = new Queue();
  for (const key of ['a', 'b']) queue.add(key, 'low');
  queue.add('c');
  queue.add('b');
  queue.add('c', 'low');
  expect([await queue.take(), await queue.take(), await queue.take(), queue.depth]).toEqual(['c', 'b', 'a', 0]);
});

test('what comes back after a time waits behind what is new, unless it failed', async () => {
  const clock = new FakeClock();
  const queue = new Queue({ clock, random: always(1) });
  queue.addAfter('later', 10);
  queue.retry('failed', 5);
  clock.advance(10);
  queue.add('new');
  expect([await queue.take(), await queue.take(), await queue.take()]).toEqual(['failed', 'new', 'later']);
});

test('ten thousand delayed keys hold one timer and come due in order', () => {
  const clock = new FakeClock();
  const queue = new Queue({ clock });
  for (let n = 0; n < 10_000; n += 1) queue.addAfter(`k${n}`, 1 + ((n * 7919) % 10_007));
  expect(clock.pending).toBe(1);
  clock.advance(5000);
  expect(queue.depth).toBeGreaterThan(4900);
  expect(queue.depth + queue.delayed).toBe(10_000);
  clock.advance(6000);
  expect([queue.depth, queue.delayed, clock.pending]).toEqual([10_000, 0, 0]);
});

test('the pause of a failing key doubles to a limit, is jittered over its whole span, and is forgotten on success', () => {
  const clock = new FakeClock();
  const queue = new Queue({ clock, random: always(0.5) });
  expect([1, 2, 3].map(() => queue.retry('a'))).toEqual([10, 20, 40]);
  for (let n = 0; n < 20; n += 1) queue.retry('a');
  expect(queue.retry('a')).toBe(15_000);
  queue.forget('a');
  expect(queue.retry('a')).toBe(10);
});

test('a key that was just worked on rests: what comes meanwhile runs once at the end, other keys at once', async () => {
  const clock = new FakeClock();
  const queue = new Queue({ clock, restMs: 50 });
  queue.add('a');
  queue.done((await queue.take()) ?? '');
  clock.advance(10);
  for (const key of ['a', 'a', 'b']) queue.add(key);
  expect(queue.depth).toBe(1);
  clock.advance(39);
  expect(queue.depth).toBe(1);
  clock.advance(1);
  expect(queue.depth).toBe(2);
  clock.advance(1000);
  expect(clock.pending).toBe(0);
});

test('close offers what waits for its rest to end', async () => {
  const clock = new FakeClock();
  const queue = new Queue({ clock, restMs: 50 });
  queue.add('a');
  queue.done((await queue.take()) ?? '');
  queue.add('a');
  queue.close();
  expect([await queue.take(), await queue.take()]).toEqual(['a', undefined]);
});

test('Retry-After wins over the backoff', () => {
  const queue = new Queue({ clock: new FakeClock(), random: always(0.5) });
  expect(queue.retry('a', 7000)).toBe(7000);
});

test('retries beyond the burst share the rate', () => {
  const clock = new FakeClock();
  const queue = new Queue({ clock, random: always(0), retriesPerSecond: 10, retryBurst: 2 });
  expect(['a', 'b', 'c', 'd'].map((key) => queue.retry(key))).toEqual([1, 1, 100, 200]);
  clock.advance(400);
  expect(queue.retry('e')).toBe(1);
});

test('a closed queue takes nothing in, drops what is due later, and lets what is ready be worked off', async () => {
  const clock = new FakeClock();
  const queue = new Queue({ clock });
  queue.add('a');
  queue.addAfter('b', 10);
  queue.close();
  queue.add('c');
  clock.advance(100);
  expect([await queue.take(), await queue.take()]).toEqual(['a', undefined]);
});

test('close wakes the workers that wait', async () => {
  const queue = new Queue();
  const taken = queue.take();
  queue.close();
  expect(await taken).toBeUndefined();
});

test('a hundred thousand keys pass through in linear time', async () => {
  const queue = new Queue();
  const started = performance.now();
  for (let n = 0; n < 100_000; n += 1) queue.add(`k${n}`);
  for (let n = 0; n < 100_000; n += 1) queue.done((await queue.take()) ?? '');
  expect(queue.depth).toBe(0);
  expect(performance.now() - started).toBeLessThan(3000);
});
