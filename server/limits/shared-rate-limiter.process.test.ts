/**
 * The limit that pods share over a real Redis, and what is left of it when Redis goes.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { startRedis } from '../redis/redis.testing.ts';
import { type OpenRedis, openRedis } from '../redis/redis.ts';
import { silent } from '../store/databases.testing.ts';
import { openRateLimiter } from './open.ts';
import type { RateLimiter } from './rate-limiter.ts';

const server = await startRedis();
if ('missing' in server) console.warn(`skipped: ${server.missing}`);

describe.skipIf('missing' in server)('pods that share a limit', () => {
  const redis = server as Exclude<typeof server, { missing: string }>;
  const opened: OpenRedis[] = [];
  /** After it a budget of 60 a minute is whole. */
  const BURST_MS = 10_000;
  afterAll(async () => {
    for (const connection of opened) connection.close();
    await redis.stop();
  });
  let fallbacks = 0;

  async function startPod(owner: string, perMinute: number, purpose = 'rate'): Promise<RateLimiter> {
    const connection = openRedis({ urlFile: redis.urlFile, log: silent });
    opened.push(connection);
    await expect.poll(() => connection.commands.status).toBe('ready');
    const options = { perMinute, owner, purpose, redis: connection, now: () => performance.now() };
    const limiter = await openRateLimiter({ ...options, fellBack: () => (fallbacks += 1) });
    if (!limiter) throw new Error('no limit');
    return limiter;
  }

  test('let through together what one would, within five in a hundred', async () => {
    const pods = await Promise.all(Array.from({ length: 4 }, () => startPod('exact', 6_000)));
    let passed = 0;
    const start = performance.now();
    await Promise.all(
      pods.flatMap((pod) =>
        Array.from({ length: 8 }, async () => {
          while (performance.now() - start < 5_000) if ((await pod.take('ada')).ok) passed += 1;
        }),
      ),
    );
    const seconds = (performance.now() - start) / 1000;
    const expected = 1_000 + seconds * 100;
    expect(passed / expected).toBeGreaterThan(0.95);
    expect(passed / expected).toBeLessThan(1.05);
    expect(fallbacks).toBe(0);
  });

  test('one at a time, at the edge of the burst, whichever pod is asked', async () => {
    const pods = await Promise.all(Array.from({ length: 3 }, () => startPod('edge', 60)));
    const taken = await Promise.all(
      Array.from({ length: 30 }, async (_, i) => (pods[i % 3] as RateLimiter).take('bob')),
    );
    expect(taken.filter(({ ok }) => ok)).toHaveLength(10);
    const refused = await (pods[0] as RateLimiter).take('bob');
    expect(refused.ok ? 0 : refused.retryAfterMs).toBeGreaterThan(500);
    expect(refused.ok ? 0 : refused.retryAfterMs).toBeLessThanOrEqual(1_000);
    expect((await (pods[0] as RateLimiter).take('carol')).ok).toBe(true);
    const [elsewhere, otherwise] = [await startPod('other', 60), await startPod('edge', 60, 'attempts')];
    expect((await elsewhere.take('bob')).ok).toBe(true);
    expect((await otherwise.take('bob')).ok).toBe(true);
  });

  test('take several requests together or not at all', async () => {
    const [one, other] = [await startPod('several', 60), await startPod('several', 60)];
    expect([one.burst, (await one.take('ada', 7)).ok, (await other.take('ada', 4)).ok]).toEqual([10, true, false]);
    expect([(await other.take('ada', 3)).ok, (await one.take('ada')).ok]).toEqual([true, false]);
    expect(await one.take('bob', 11)).toEqual({ ok: false, retryAfterMs: Infinity });
    expect((await one.take('bob', 10)).ok).toBe(true);
  });

  test('leave in Redis no name, and nothing for longer than it counts', async () => {
    const pod = await startPod('traces', 60);
    const { commands } = opened.at(-1) as OpenRedis;
    const caller = 'https://issuer.example/ada';
    await pod.take(caller);
    const keys = await commands.keys('*traces*');
    expect(keys).toHaveLength(1);
    expect(keys.join()).not.toMatch(/ada|issuer/);
    const remaining = await commands.pttl(keys[0] ?? '');
    expect(remaining).toBeGreaterThan(0);
    expect(remaining).toBeLessThanOrEqual(1_000);
    await pod.take(caller, 9);
    expect(await commands.pttl(keys[0] ?? '')).toBeLessThanOrEqual(BURST_MS);
  });

  test('make nobody wait longer than for a burst where the clock of Redis was set back', async () => {
    const pod = await startPod('clock', 60);
    const { commands } = opened.at(-1) as OpenRedis;
    await pod.take('ada');
    const [key = ''] = await commands.keys('*clock*');
    await commands.set(key, `${(Date.now() + 86_400_000) * 1_000}`);
    const refused = await pod.take('ada');
    expect(refused.ok ? 0 : refused.retryAfterMs).toBeGreaterThan(0);
    expect(refused.ok ? 0 : refused.retryAfterMs).toBeLessThanOrEqual(BURST_MS);
  });

  test('limit each by itself while Redis hangs or is gone, count that, and share again when it is back', async () => {
    const pod = await startPod('down', 60);
    expect((await pod.take('ada')).ok).toBe(true);
    fallbacks = 0;
    redis.freeze();
    const start = performance.now();
    const taken = [];
    for (let n = 0; n < 30; n += 1) taken.push(await pod.take('ada'));
    expect(performance.now() - start).toBeLessThan(2_000); // it is not asked thirty times
    expect(taken.filter(({ ok }) => ok).length).toBeGreaterThanOrEqual(10);
    expect(taken.filter(({ ok }) => ok).length).toBeLessThanOrEqual(12);
    expect(fallbacks).toBe(30);
    redis.resume();
    await redis.crash();
    expect((await pod.take('ada')).ok).toBe(false);
    expect((await pod.take('new')).ok).toBe(true);
    await redis.restart();
    await expect
      .poll(
        async () => {
          fallbacks = 0;
          await pod.take('back');
          return fallbacks;
        },
        { timeout: 10_000 },
      )
      .toBe(0);
  });
});
