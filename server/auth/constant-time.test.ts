/**
 * That a login takes no longer for a better guess, of the secret or of the account: Welch's t-test over interleaved
 * samples, each with a careless comparison as the proof that the test would see it.
 */
import { expect, test } from 'vitest';
import { createLog } from '../telemetry/log.ts';
import { createBuiltInIssuer, sameText } from './built-in-issuer.ts';
import { mountedFile } from './mounted-file.ts';
import { memoryRevocations } from './revocations.ts';

const SAMPLES = 10_000;
/** Long, so that where an ordinary comparison stops can be seen over the noise of a busy machine. */
const SECRET = Array.from({ length: 4_096 }, (_, i) => String.fromCharCode(97 + ((i * 7) % 26))).join('');
const [FIRST_WRONG, LAST_WRONG] = [`_${SECRET.slice(1)}`, `${SECRET.slice(0, -1)}_`];

/** One that fails. */
type Guess = () => boolean | Promise<boolean>;

/** |t| of the times of two guesses. Above 4.5 they differ (dudect's threshold). */
async function distinguishability(guesses: readonly [Guess, Guess]): Promise<number> {
  const times: [number[], number[]] = [[], []];
  let right = 0;
  for (let i = 0; i < SAMPLES * 2; i += 1) {
    const which = Math.random() < 0.5 ? 0 : 1;
    const began = process.hrtime.bigint();
    const answer = guesses[which]();
    const isRight = typeof answer === 'boolean' ? answer : await answer;
    times[which].push(Number(process.hrtime.bigint() - began));
    right += Number(isRight);
  }
  expect(right).toBe(0);
  const [a, b] = times.map(withoutInterruptions) as [Moments, Moments];
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
async function least(guesses: readonly [Guess, Guess]): Promise<number> {
  let found = Infinity;
  for (let run = 0; run < 3; run += 1) found = Math.min(found, await distinguishability(guesses));
  return found;
}

test('a secret cannot be guessed by the time of the comparison', async () => {
  const guessing = (compare: typeof sameText): [Guess, Guess] => [
    () => compare(FIRST_WRONG, SECRET),
    () => compare(LAST_WRONG, SECRET),
  ];
  expect(await least(guessing(ordinary))).toBeGreaterThan(20);
  expect(await least(guessing(sameText))).toBeLessThan(4.5);
});

test('whether an account exists cannot be told by the time of a login', async () => {
  const files = new Map([
    ['key', Buffer.alloc(32, 1)],
    ['secret', Buffer.from(SECRET)],
  ]);
  const file = (name: string) => mountedFile(name, { readFile: async () => files.get(name) as Buffer, now: () => 0 });
  const adminSecret = file('secret');
  const issuer = await createBuiltInIssuer({
    signingKey: file('key'),
    adminSecret,
    issuer: 'https://mcp.example.com',
    resource: 'https://mcp.example.com/mcp',
    lifetimeMs: 60_000,
    revocations: memoryRevocations(Date.now),
    now: Date.now,
    log: createLog({ level: 'silent', destination: 'stderr' }),
  });
  const trying = (isAdmin: (name: string, secret: string) => Promise<boolean>): [Guess, Guess] => [
    () => isAdmin('admin', FIRST_WRONG),
    () => isAdmin('other', FIRST_WRONG),
  ];
  const careless = async (name: string, secret: string): Promise<boolean> => {
    const right = (await adminSecret.read()).toString();
    return sameText(name, 'admin') && sameText(secret, right);
  };
  expect(await least(trying(careless))).toBeGreaterThan(20);
  expect(await least(trying((name, secret) => issuer.isAdmin(name, secret)))).toBeLessThan(4.5);
});
