/**
 * Durations as the API writes them (`1h30m`, `250ms`), in milliseconds. The one
 * parser for the operator, the server and the validation rules.
 */
const UNIT: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Milliseconds of a duration that the schema has already accepted. */
export function milliseconds(text: string): number {
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9]+)(ms|h|m|s)/g))
    total += Number(amount) * (UNIT[unit ?? ''] ?? 0);
  return total;
}

/** Whole seconds, rounded up: what Kubernetes fields in seconds need. */
export function seconds(text: string): number {
  return Math.ceil(milliseconds(text) / 1000);
}
