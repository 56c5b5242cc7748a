/**
 * What came out of a stage of the test run, and how stages add up. Plain data and
 * text; knows neither vitest nor child processes.
 */

export interface Skipped {
  readonly test: string;
  readonly reason: string;
}

export interface Tally {
  readonly passed: number;
  /** Names of failed tests, and of files that failed outside of any test. */
  readonly failed: readonly string[];
  readonly skipped: readonly Skipped[];
}

export function sum(tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((total, { passed }) => total + passed, 0),
    failed: tallies.flatMap(({ failed }) => failed),
    skipped: tallies.flatMap(({ skipped }) => skipped),
  };
}

/** A stage in which nothing ran proves nothing and counts as a failure. */
export function required(stage: string, tally: Tally): Tally {
  const empty = tally.passed + tally.failed.length + tally.skipped.length === 0;
  return empty ? { ...tally, failed: [`${stage}: no test ran`] } : tally;
}

/** `12 passed, 0 failed, 1 skipped` */
export function countLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`;
}

/** Failures by name and skipped tests by reason, then the counts alone on the last line. */
export function closingLines(tally: Tally): readonly string[] {
  const byReason = Map.groupBy(tally.skipped, ({ reason }) => reason);
  return [
    ...tally.failed.map((test) => `failed: ${test}`),
    ...[...byReason].flatMap(([reason, tests]) => [`skipped: ${reason}`, ...tests.map(({ test }) => `  ${test}`)]),
    countLine(tally),
  ];
}
