/**
 * The Retry-After header (RFC 9110, 10.2.3): seconds or a date, as milliseconds from
 * now. Must not know who sent it.
 */

/** Longest wait that is believed, in milliseconds. */
const LONGEST = 3_600_000;

/** Milliseconds to wait; undefined without a value that can be understood. `now` is wall time in milliseconds. */
export function retryAfterMs(value: string | undefined, now: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^[0-9]{1,9}(\.[0-9]{1,3})?$/.test(text)) return Math.min(Number(text) * 1000, LONGEST);
  if (!/^[A-Z][a-z]{2}/.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.min(Math.max(0, date - now), LONGEST);
}
