/**
 * What a benchmark reports: figures with fixed names, each beside its bar, and one
 * JSON object as the last line. Knows how to judge and print, not how to measure.
 */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

/** What a figure must reach. */
export type Bar = { readonly atMost: number } | { readonly atLeast: number } | { readonly none: true };

export interface Definition {
  readonly unit: string;
  readonly bar: Bar;
  readonly measures: string;
}

export interface Figure {
  readonly value: number;
  readonly unit: string;
  /** Smallest and largest of the rounds, where there were several. */
  readonly spread?: readonly [number, number];
  /** Best possible value in the same run. */
  readonly ceiling?: number;
  /** What others reached in the same run, or where `note` says so, in a published one. */
  readonly peer?: Readonly<Record<string, number>>;
  readonly note?: string;
  readonly bar: string;
  readonly holds: boolean;
}

export type Definitions = Readonly<Record<string, Definition>>;

/** Rounds of one figure; the median is its value. */
export interface Sample {
  readonly rounds: readonly number[];
  readonly ceiling?: number;
  readonly peer?: Readonly<Record<string, number>>;
  readonly note?: string;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Nearest-rank quantile; NaN for no values, which holds no bar. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN;
}

export function judge(definition: Definition, sample: Sample): Figure {
  const value = round(median(sample.rounds));
  const { ceiling, peer, note } = sample;
  return {
    value,
    unit: definition.unit,
    ...(sample.rounds.length > 1
      ? { spread: [round(Math.min(...sample.rounds)), round(Math.max(...sample.rounds))] }
      : {}),
    ...(ceiling === undefined ? {} : { ceiling: round(ceiling) }),
    ...(peer === undefined ? {} : { peer }),
    ...(note === undefined ? {} : { note }),
    bar: describeBar(definition.bar),
    holds: holds(definition.bar, value),
  };
}

function holds(bar: Bar, value: number): boolean {
  if ('atMost' in bar) return value <= bar.atMost;
  if ('atLeast' in bar) return value >= bar.atLeast;
  return !Number.isNaN(value);
}

export function describeBar(bar: Bar): string {
  if ('atMost' in bar) return `<= ${bar.atMost}`;
  if ('atLeast' in bar) return `>= ${bar.atLeast}`;
  return 'none';
}

function round(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toFixed(3));
}

export interface Report {
  readonly bench: string;
  readonly commit: string;
  readonly node: string;
  readonly cpus: string;
  readonly rounds: number;
  readonly figures: Readonly<Record<string, Figure>>;
  /** What each round saw of each server, for who wants more than the medians. */
  readonly measured?: Readonly<Record<string, unknown>>;
}

/** Every defined figure must have been measured: a missing one is a failure of the benchmark itself. */
export function report(
  bench: string,
  rounds: number,
  definitions: Definitions,
  samples: Readonly<Record<string, Sample>>,
): Report {
  const figures: Record<string, Figure> = {};
  for (const [name, definition] of Object.entries(definitions)) {
    const sample = samples[name];
    if (!sample || sample.rounds.length === 0) throw new Error(`${bench}: figure ${name} was not measured`);
    figures[name] = judge(definition, sample);
  }
  const processors = cpus();
  return {
    bench,
    commit: commit(),
    node: process.version,
    cpus: `${processors.length} x ${processors[0]?.model ?? 'unknown'}`,
    rounds,
    figures,
  };
}

function commit(): string {
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
}

/** A table for people. */
export function table(result: Report): string {
  const rows = Object.entries(result.figures).map(([name, f]) => {
    const spread = f.spread ? ` [${f.spread[0]} … ${f.spread[1]}]` : '';
    return [
      f.holds ? 'ok  ' : 'MISS',
      name,
      `${f.value} ${f.unit}${spread}`,
      f.bar,
      f.ceiling === undefined ? '' : `ceiling ${f.ceiling}`,
    ].join('\t');
  });
  return [
    `${result.bench} at ${result.commit}, Node ${result.node}, ${result.cpus}, ${result.rounds} rounds`,
    ...rows,
  ].join('\n');
}
