/**
 * How often a caller may ask, over all pods: one script in Redis decides and writes down, by the clock of Redis, so
 * that pods need not agree on the time. Where Redis does not answer each pod limits by itself, which lets through as
 * many times more as there are pods, and is counted.
 */
import { createHash } from 'node:crypto';
import type { OpenRedis } from '../redis/redis.ts';
import { rateOf } from './gcra.ts';
import type { RateLimiter, Take } from './rate-limiter.ts';

export interface SharedRateLimiterOptions {
  readonly perMinute: number;
  readonly redis: OpenRedis;
  /** Those with the same owner share the limits of a purpose. */
  readonly owner: string;
  readonly purpose: string;
  readonly alone: RateLimiter;
  /** Called for each decision that was made alone. */
  readonly fellBack: () => void;
  readonly now: () => number;
}

/** GCRA as in gcra.ts, in microseconds; gives 0 or the milliseconds to wait. A key lives until its budget is whole. */
const SCRIPT = `
local time = redis.call('time')
local now = time[1] * 1000000 + time[2]
local interval = tonumber(ARGV[1])
local tolerance = tonumber(ARGV[2])
local cost = tonumber(ARGV[3])
local whole = tonumber(redis.call('get', KEYS[1]) or now)
if whole < now or whole > now + interval + tolerance then whole = math.min(math.max(whole, now), now + interval + tolerance) end
local early = whole + (cost - 1) * interval - tolerance - now
if early > 0 then return math.ceil(early / 1000) end
whole = whole + cost * interval
redis.call('set', KEYS[1], string.format('%.0f', whole), 'PX', math.ceil((whole - now) / 1000))
return 0
`;
const SHA = createHash('sha1').update(SCRIPT).digest('hex');
/** After a failure Redis is left alone for so long, so that not every request waits for it. */
const REST_MS = 1_000;
const NEVER: Take = { ok: false, retryAfterMs: Infinity };

export function createSharedRateLimiter(options: SharedRateLimiterOptions): RateLimiter {
  const { redis, owner, purpose, alone, fellBack, now } = options;
  const rate = rateOf(options.perMinute);
  const interval = Math.round(rate.intervalMs * 1000);
  const tolerance = Math.round(rate.toleranceMs * 1000);
  let restsUntil = -Infinity;

  const decide = async (caller: string, cost: number): Promise<number> => {
    // Names of callers stay out of Redis, and are as long as an issuer likes.
    const key = `mcp-fleet:${owner}:${purpose}:${createHash('sha256').update(caller).digest('base64url')}`;
    try {
      return Number(await redis.commands.evalsha(SHA, 1, key, interval, tolerance, cost));
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return Number(await redis.commands.eval(SCRIPT, 1, key, interval, tolerance, cost));
    }
  };
  const fall = (caller: string, cost: number): Take | Promise<Take> => {
    fellBack();
    return alone.take(caller, cost);
  };
  return {
    burst: rate.burst,
    take(caller, cost = 1) {
      if (cost > rate.burst) return NEVER;
      if (redis.commands.status !== 'ready' || now() < restsUntil) return fall(caller, cost);
      return decide(caller, cost).then(
        (wait) => (wait === 0 ? { ok: true } : { ok: false, retryAfterMs: wait }),
        () => {
          restsUntil = now() + REST_MS;
          return fall(caller, cost);
        },
      );
    },
  };
}
