/**
 * The generic cell rate algorithm: one number a caller, the time at which its budget would be whole again. There are no
 * windows, so no boundary at which a budget counts twice. Pure; knows no clock.
 */
export interface Rate {
  /** Requests that may come at once. */
  readonly burst: number;
  /** Time that one request costs, in milliseconds. */
  readonly intervalMs: number;
  /** How far the budget may be overdrawn: the time that a full burst costs, less one request. */
  readonly toleranceMs: number;
}

/** So many seconds' worth of requests may come at once, at least one. */
const BURST_SECONDS = 10;

export function rateOf(perMinute: number): Rate {
  const burst = Math.max(1, Math.ceil((perMinute * BURST_SECONDS) / 60));
  const intervalMs = 60_000 / perMinute;
  return { burst, intervalMs, toleranceMs: intervalMs * (burst - 1) };
}

/**
 * How long to wait, in milliseconds, or `undefined` where `cost` requests may pass; then `wholeAt + cost * intervalMs` is
 * stored. Infinity for more requests than a whole budget has.
 */
export function waitFor(wholeAt: number, now: number, cost: number, rate: Rate): number | undefined {
  if (cost > rate.burst) return Infinity;
  const early = wholeAt + (cost - 1) * rate.intervalMs - rate.toleranceMs - now;
  // Sums of fractions of a millisecond do not come out even.
  return early > 1e-6 ? early : undefined;
}
