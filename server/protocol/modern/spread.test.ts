import { expect, test } from 'vitest';
import { turnsDuring } from '../../http/turns.testing.ts';
import { atTimes, spreadOver } from './spread.ts';

test('each is due within a part of its own, and all are within the window', () => {
  let draws = 0;
  const random = (): number => (draws++ % 10) / 10;
  const times = spreadOver(100, 1_000, random);
  expect(times).toHaveLength(100);
  for (const [at, time] of times.entries()) {
    expect(time).toBeGreaterThanOrEqual(at * 10);
    expect(time).toBeLessThan(at * 10 + 10);
  }
  expect(times.slice(0, 3)).toEqual([0, 11, 22]);
});

test('two processes that begin together do not keep step', () => {
  const [one, other] = [spreadOver(50, 1_000, Math.random), spreadOver(50, 1_000, Math.random)];
  expect(one).not.toEqual(other);
});

test('nobody, and no time at all', () => {
  expect(spreadOver(0, 1_000, Math.random)).toEqual([]);
  expect(spreadOver(3, 0, Math.random)).toEqual([0, 0, 0]);
});

test('work is done in order, never early, and lets other work through where it is late', async () => {
  const began = performance.now();
  const done: [number, number][] = [];
  await atTimes([1, 2, 3], [0, 30, 60], (item) => done.push([item, performance.now() - began]));
  expect(done.map(([item]) => item)).toEqual([1, 2, 3]);
  expect(done[1]?.[1]).toBeGreaterThanOrEqual(24);
  expect(done[2]?.[1]).toBeGreaterThanOrEqual(54);

  const items = Array.from({ length: 1_000 }, (_, at) => at);
  const turns = await turnsDuring(() => atTimes(items, spreadOver(items.length, 0, Math.random), () => undefined));
  expect(turns).toBeGreaterThanOrEqual(4);
});
