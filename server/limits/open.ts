/**
 * Chooses the limiter that a configuration asks for; what is not used is not loaded.
 */
import type { OpenRedis } from '../redis/redis.ts';
import { createLocalRateLimiter, type RateLimiter } from './rate-limiter.ts';

export interface OpenRateLimiterOptions {
  /** 0 is no limit. */
  readonly perMinute: number;
  /** The server; its pods share their limits. */
  readonly owner: string;
  /** What is limited; each thing has budgets of its own. */
  readonly purpose: string;
  readonly redis?: OpenRedis | undefined;
  /** Milliseconds of a clock that nobody sets. */
  readonly now: () => number;
  readonly fellBack: () => void;
}

export async function openRateLimiter(options: OpenRateLimiterOptions): Promise<RateLimiter | undefined> {
  const { perMinute, redis, now } = options;
  if (perMinute === 0) return undefined;
  const alone = createLocalRateLimiter({ perMinute, now });
  if (!redis) return alone;
  const { createSharedRateLimiter } = await import('./shared-rate-limiter.ts');
  return createSharedRateLimiter({ ...options, redis, alone });
}
