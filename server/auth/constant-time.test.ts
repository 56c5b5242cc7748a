/**
 * That a comparison with a secret takes no longer for a better guess: Welch's t-test over interleaved samples, with an
 * ordinary comparison as the proof that the test would see it.
 */
import { expect, test } from 'vitest';
import { sameText } from './built-in-issuer.ts';

const SAMPLES = 10_000;
/** Long, so that where an ordinary comparison stops can be seen over the noise of a busy machine. */
const SECRET = Array.from({ length: 4_096 }, (_, i) => String.fromCharCode(97 + ((i * 7) % 26))).join('');
const guesses = { none: `_${SECRET.slice(1)}`, nearly: `${SECRET.slice(0, -1)}_` };

/** |t| of the times of two guesses: one wrong at its first character, one at its last. Above 4.5 they differ (dudect's threshold). */
function distinguishability(compare: (given: string, right: string) => boolean): number {
  const times: Record<keyof typeof guesses, number[]> = { none: [], nearly: [] };
  let equal = 0;
  for (let i = 0; i < SAMPLES * 2; i += 1) {
    const guess = Math.random() < 0.5 ? 'none' : 'nearly';
    const began = process.hrtime.bigint();
    equal += Number(compare(guesses[guess], SECRET));
    times[guess].push(Number(process.hrtime.bigint() - began));
  }
  expect(equal).toBe(0);
  const [a, b] = [times.none, times.nearly].map(withoutInterruptions) as [Moments, Moments];
  return Math.abs(a.mean - b.mean) / Math.sqrt(a.variance / a.count + b.variance / b.count);
}

interface Moments {
  readonly mean: number;
  readonly variance: number;
  readonly count: number;
}

/** Of the faster nine tenths: the rest is the scheduler and the garbage collector. */
function withoutInterruptions(times: readonly number[]): Moments {
  const kept = times.toSorted((a, b) => a - b).slice(0, Math.floor(times.length * 0.9));
  const mean = kept.reduce((sum, time) => sum + time, 0) / kept.length;
  const variance = kept.reduce((sum, time) => sum + (time - mean) ** 2, 0) / (kept.length - 1);
  return { mean, variance, count: kept.length };
}

/** Character by character until they differ. */
function ordinary(given: string, right: string): boolean {
  for (let i = 0; i < right.length; i += 1) if (given.charCodeAt(i) !== right.charCodeAt(i)) return false;
  return given.length === right.length;
}

/** A busy machine makes noise, never a steady difference: the least of a few runs counts. */
const least = (compare: typeof sameText): number => Math.min(...[1, 2, 3].map(() => distinguishability(compare)));

test('a secret cannot be guessed by the time of the comparison', () => {
  expect(least(ordinary)).toBeGreaterThan(20);
  expect(least(sameText)).toBeLessThan(4.5);
});
