import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Deadlines, type Expiring } from './deadline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const expired: string[] = [];
const entry = (name: string): Expiring => ({
  startedAt: performance.now(),
  earlier: undefined,
  later: undefined,
  expire: () => void expired.push(name),
});

test('each is due after its own time, in the order of their start, and those taken out never', () => {
  expired.length = 0;
  const deadlines = new Deadlines(100);
  const [a, b] = [entry('a'), entry('b')];
  deadlines.add(a);
  deadlines.add(b);
  vi.advanceTimersByTime(60);
  const c = entry('c');
  deadlines.add(c);
  deadlines.delete(a);
  vi.advanceTimersByTime(40);
  expect(expired).toEqual(['b']);
  vi.advanceTimersByTime(59);
  expect(expired).toEqual(['b']);
  vi.advanceTimersByTime(1);
  expect(expired).toEqual(['b', 'c']);
  expect(vi.getTimerCount()).toBe(0);
});

test('taking out twice, or what was never in, leaves the others alone', () => {
  expired.length = 0;
  const deadlines = new Deadlines(100);
  const all = ['a', 'b', 'c'].map(entry);
  const [first, , third] = all;
  for (const one of all) deadlines.add(one);
  if (first && third) {
    deadlines.delete(third);
    deadlines.delete(first);
    deadlines.delete(first);
  }
  deadlines.delete(entry('stranger'));
  deadlines.add(entry('d'));
  vi.advanceTimersByTime(100);
  expect(expired).toEqual(['b', 'd']);
});
