/**
 * How often a caller may ask, as one process sees it. Memory is bounded: callers are kept in two generations, and the
 * older one goes when its budgets must be whole again or when the younger one is full. Must not know what is limited.
 */
import { rateOf, waitFor } from './gcra.ts';

/** `retryAfterMs` is Infinity where no wait helps: the cost is more than a whole budget. */
export type Take = { readonly ok: true } | { readonly ok: false; readonly retryAfterMs: number };

export interface RateLimiter {
  /** The most that one `take` may cost. */
  readonly burst: number;
  /** Spends `cost` requests of the caller's budget (one without it, never less), all or none of them. */
  take(caller: string, cost?: number): Take | Promise<Take>;
}

export interface LocalRateLimiter extends RateLimiter {
  take(caller: string, cost?: number): Take;
  /** Callers that are remembered; never more than twice `maxCallers`. */
  readonly size: number;
}

export interface RateLimiterOptions {
  readonly perMinute: number;
  /** Milliseconds of a clock that nobody sets. */
  readonly now: () => number;
  readonly maxCallers?: number;
}

const PASSED: Take = { ok: true };
const MAX_CALLERS = 50_000;

/**
 * Who has more than `maxCallers` identities can make the oldest be forgotten, and gains a burst for each; with so many
 * identities it has so many budgets anyway.
 */
export function createLocalRateLimiter({
  perMinute,
  now,
  maxCallers = MAX_CALLERS,
}: RateLimiterOptions): LocalRateLimiter {
  const rate = rateOf(perMinute);
  /** After this time without a request every budget is whole, and need not be remembered. */
  const memoryMs = rate.toleranceMs + rate.intervalMs;
  let young = new Map<string, number>();
  let old = new Map<string, number>();
  let turnsAt = now() + memoryMs;

  const turn = (at: number): void => {
    old = young;
    young = new Map();
    turnsAt = at + memoryMs;
  };
  return {
    burst: rate.burst,
    take(caller, cost = 1) {
      const at = now();
      if (at >= turnsAt || young.size >= maxCallers) turn(at);
      const wholeAt = Math.max(young.get(caller) ?? old.get(caller) ?? at, at);
      const wait = waitFor(wholeAt, at, cost, rate);
      // A refused caller is remembered too: to be forgotten it would only have to go on asking.
      young.set(caller, wait === undefined ? wholeAt + cost * rate.intervalMs : wholeAt);
      return wait === undefined ? PASSED : { ok: false, retryAfterMs: Math.ceil(wait) };
    },
    get size() {
      return young.size + old.size;
    },
  };
}
