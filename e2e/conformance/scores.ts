/**
 * What the findings of the conformance suite come to: a score for each scenario, a table, a verdict. Pure. A required
 * scenario passes only if it checked something; there is no list of failures that are expected.
 */
import type { Leg } from './legs.ts';
import type { Check, Finding } from './suite.ts';

export interface Score {
  readonly scenario: string;
  readonly required: boolean;
  /** `nothing`: no check applied to this server. */
  readonly result: 'passed' | 'failed' | 'nothing';
  readonly passed: number;
  readonly failures: readonly string[];
}

export interface LegScores {
  readonly title: string;
  readonly scores: readonly Score[];
}

/** Scores of one leg. `required` are the names on the suite's list where the leg goes by one: each must have run. */
export function scoresOf(leg: Leg, findings: readonly Finding[], required: readonly string[] = []): readonly Score[] {
  const ran = findings.map((finding) => scoreOf(finding.scenario, relevant(leg, finding.checks)));
  const counts = ({ scenario, result }: Omit<Score, 'required'>): boolean => {
    if (typeof leg.required === 'object') return required.includes(scenario);
    return leg.required === 'all' || (leg.required === 'applicable' && result !== 'nothing');
  };
  const scores = ran.map((score): Score => ({ ...score, required: counts(score) }));
  const missing = required.filter((name) => !findings.some(({ scenario }) => scenario === name));
  const missed = missing.map((name): Score => failure(name, 'it did not run'));
  if (scores.length + missed.length === 0 && leg.required === 'all') return [failure(leg.title, 'no scenario ran')];
  return [...scores, ...missed];
}

const relevant = (leg: Leg, checks: readonly Check[]): readonly Check[] =>
  leg.fixtures ? checks : checks.filter((check) => !needsMore(check));

const METHOD_NOT_FOUND = -32_601;

/** Without fixtures a server may lack what a check is made on: it says so itself, or found that the method is not served. */
const needsMore = ({ details }: Check): boolean =>
  details?.['untestable'] === true ||
  (details?.['error'] as { readonly code?: unknown } | undefined)?.code === METHOD_NOT_FOUND;

const failure = (scenario: string, why: string): Score => ({
  scenario,
  required: true,
  result: 'failed',
  passed: 0,
  failures: [why],
});

function scoreOf(scenario: string, checks: readonly Check[]): Omit<Score, 'required'> {
  const passed = checks.filter(({ status }) => status === 'SUCCESS').length;
  const failures = checks
    .filter(({ status }) => status === 'FAILURE')
    .map(({ id, errorMessage }) => `${id}: ${errorMessage ?? 'failed'}`);
  const result = failures.length > 0 ? 'failed' : passed > 0 ? 'passed' : 'nothing';
  return { scenario, result, passed, failures };
}

const fails = ({ required, result }: Score): boolean => required && result !== 'passed';

/** Required scenarios that did not pass, as `scenario (leg)`. */
export const requiredFailures = (legs: readonly LegScores[]): readonly string[] =>
  legs.flatMap(({ title, scores }) => scores.filter(fails).map(({ scenario }) => `${scenario} (${title})`));

/** Optional scenarios that failed. */
export const optionalFailures = (legs: readonly LegScores[]): readonly string[] =>
  legs.flatMap(({ title, scores }) =>
    scores
      .filter(({ required, result }) => !required && result === 'failed')
      .map(({ scenario }) => `${scenario} (${title})`),
  );

export interface Result {
  /** Of the suite. */
  readonly version: string;
  readonly passed: number;
  readonly total: number;
  /** Names of required scenarios that did not pass, at most ten. */
  readonly failed: readonly string[];
}

/** What the required scenarios come to, in less than 4 KiB of JSON. */
export function resultOf(version: string, legs: readonly LegScores[]): Result {
  const total = legs.flatMap(({ scores }) => scores).filter(({ required }) => required).length;
  const failed = requiredFailures(legs);
  return { version, passed: total - failed.length, total, failed: failed.slice(0, 10) };
}

const NOTHING = 'no check applied';

/** What went wrong in one leg, a line each. */
export const failureLines = (scores: readonly Score[]): readonly string[] =>
  scores
    .filter((score) => fails(score) || score.result === 'failed')
    .flatMap(({ scenario, required, failures }) =>
      (failures.length > 0 ? failures : [NOTHING]).map(
        (why) => `  ✗ ${scenario}${required ? '' : ' (not required)'}: ${why.replaceAll('\n', ' ').slice(0, 400)}`,
      ),
    );

const HEAD = ['', 'required', 'optional', 'checks'];

/** One line a leg: scenarios passed of those that ran, and checks. */
export function table(legs: readonly LegScores[]): string {
  const rows = [...legs, { title: 'total', scores: legs.flatMap(({ scores }) => scores) }].map(({ title, scores }) => [
    title,
    share(scores.filter(({ required }) => required)),
    share(scores.filter(({ required }) => !required)),
    `${scores.reduce((sum, { passed }) => sum + passed, 0)}`,
  ]);
  const widths = HEAD.map((_, column) => Math.max(...[HEAD, ...rows].map((row) => (row[column] ?? '').length)));
  return [HEAD, ...rows]
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[i] ?? 0))))
    .map((row) => `${row.join('   ').trimEnd()}\n`)
    .join('');
}

/** `passed/all`; a scenario of which nothing applied is left out of both, unless it is required. */
function share(scores: readonly Score[]): string {
  const counted = scores.filter((score) => score.required || score.result !== 'nothing');
  if (counted.length === 0) return '–';
  return `${counted.filter(({ result }) => result === 'passed').length}/${counted.length}`;
}
