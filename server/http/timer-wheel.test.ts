import { getActiveResourcesInfo } from 'node:process';
import { afterEach, expect, test } from 'vitest';
import { createTimerWheel, type TimerWheel } from './timer-wheel.ts';

let wheel: TimerWheel;
afterEach(() => wheel.close());

const timers = (): number => getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

test('each of thousands of tasks runs once a period, spread over it, with one timer', async () => {
  wheel = createTimerWheel({ periodMs: 200, slots: 10 });
  const before = timers();
  const counts = new Uint32Array(5000);
  let inThisTick = 0;
  let most = 0;
  for (let i = 0; i < counts.length; i += 1)
    wheel.add(() => {
      counts[i] = (counts[i] ?? 0) + 1;
      inThisTick += 1;
      queueMicrotask(() => {
        most = Math.max(most, inThisTick);
        inThisTick = 0;
      });
    });
  // An unref'd timer is not among the active ones: it keeps no process alive.
  expect(timers()).toBe(before);
  await expect.poll(() => Math.min(...counts), { interval: 20 }).toBeGreaterThanOrEqual(2);
  expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  expect(most).toBe(500);
});

test('a task that was taken back runs no more, also when another took it back in the same tick', async () => {
  wheel = createTimerWheel({ periodMs: 40, slots: 1 });
  const ran: string[] = [];
  const undoSecond = { now: (): void => undefined };
  const undoFirst = wheel.add(() => {
    ran.push('first');
    undoSecond.now();
  });
  undoSecond.now = wheel.add(() => ran.push('second'));
  wheel.add(() => {
    ran.push('third');
    undoFirst();
    undoFirst();
  });
  expect(wheel.size).toBe(3);
  await expect.poll(() => ran.length).toBeGreaterThanOrEqual(4);
  expect(ran.slice(0, 4)).toEqual(['first', 'third', 'third', 'third']);
  expect(wheel.size).toBe(1);
});

test('an empty wheel has no timer and starts again with the next task', async () => {
  wheel = createTimerWheel({ periodMs: 20, slots: 2 });
  wheel.add(() => undefined)();
  expect(wheel.size).toBe(0);
  let ran = false;
  wheel.add(() => {
    ran = true;
  });
  await expect.poll(() => ran).toBe(true);
});
