/**
 * Work for many that is spread over time, so that what they do because of it does not come all at once. Knows nothing
 * of the work.
 */
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';

/** When each of `count` is due, in order: somewhere within its own equal part of the window. Milliseconds. */
export function spreadOver(count: number, windowMs: number, random: () => number): number[] {
  const part = windowMs / count;
  return Array.from({ length: count }, (_, at) => (at + random()) * part);
}

/** Timers for less would be late anyway. */
const TICK_MS = 5;
/** As many without a pause, so that other work comes between. */
const SLICE = 200;

/** Runs `work` for each item when it is due, counted from now; `times` are in order. */
export async function atTimes<T>(
  items: readonly T[],
  times: readonly number[],
  work: (item: T) => void,
): Promise<void> {
  const began = performance.now();
  let left = SLICE;
  for (const [at, item] of items.entries()) {
    const early = (times[at] ?? 0) - (performance.now() - began);
    if (early > TICK_MS || left === 0) {
      await (early > TICK_MS ? sleep(early) : immediate());
      left = SLICE;
    }
    left -= 1;
    work(item);
  }
}
