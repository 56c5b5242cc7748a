/**
 * Counters, gauges and histograms, written out in Prometheus' text format. Made for hot paths: labels are bound once,
 * and counting is one addition. Gauges are read when somebody asks. Must not know what is counted.
 */
export interface Counter {
  add(amount?: number): void;
}

export interface Histogram {
  observe(value: number): void;
}

/** Of one name; `of` binds label values, in the order of the label names, and gives the same one for the same values. */
export interface Family<Kind> {
  of(...values: readonly string[]): Kind;
}

/** Label values and the figure. */
export type Reading = readonly [values: readonly string[], figure: number];

export interface Described {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

export interface Registry {
  counter(described: Described): Family<Counter>;
  /** `bounds` ascending; the one without an upper bound comes by itself. */
  histogram(described: Described, bounds: readonly number[]): Family<Histogram>;
  gauge(described: Described, read: () => Iterable<Reading>): void;
  /** A counter that something else keeps. */
  total(described: Described, read: () => Iterable<Reading>): void;
  text(): string;
}

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Throws where a name is taken. */
export function createRegistry(): Registry {
  const names = new Set<string>();
  const writers: (() => string)[] = [];
  const register = ({ name, help }: Described, type: string, lines: () => string): void => {
    if (names.has(name)) throw new Error(`there is a metric ${name} already`);
    names.add(name);
    writers.push(() => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines()}`);
  };
  const pulled = (type: string) => (described: Described, read: () => Iterable<Reading>) =>
    register(described, type, () =>
      Array.from(read(), ([values, figure]) => line(described.name, labelsOf(described, values), figure)).join(''),
    );
  return {
    counter(described) {
      const family = createFamily(() => new Count());
      register(described, 'counter', () =>
        family.all(({ figure }, values) => line(described.name, labelsOf(described, values), figure)),
      );
      return family;
    },
    histogram(described, bounds) {
      const family = createFamily(() => new Distribution(bounds));
      register(described, 'histogram', () =>
        family.all((distribution, values) => distribution.text(described.name, labelsOf(described, values))),
      );
      return family;
    },
    gauge: pulled('gauge'),
    total: pulled('counter'),
    text: () => writers.map((write) => write()).join('\n'),
  };
}

function createFamily<Kind>(make: () => Kind) {
  const members = new Map<string, { readonly values: readonly string[]; readonly member: Kind }>();
  return {
    of(...values: readonly string[]): Kind {
      const key = values.join('\0');
      let found = members.get(key);
      if (!found) members.set(key, (found = { values, member: make() }));
      return found.member;
    },
    all: (write: (member: Kind, values: readonly string[]) => string): string =>
      [...members.values()].map(({ member, values }) => write(member, values)).join(''),
  };
}

class Count implements Counter {
  figure = 0;

  add(amount = 1): void {
    this.figure += amount;
  }
}

class Distribution implements Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    let at = 0;
    while (at < this.#bounds.length && value > (this.#bounds[at] as number)) at += 1;
    (this.#counts[at] as number) += 1;
    this.#sum += value;
  }

  text(name: string, labels: readonly string[]): string {
    let count = 0;
    let text = '';
    for (const [at, bound] of [...this.#bounds, '+Inf'].entries()) {
      count += this.#counts[at] as number;
      text += line(`${name}_bucket`, [...labels, `le="${bound}"`], count);
    }
    return `${text}${line(`${name}_sum`, labels, this.#sum)}${line(`${name}_count`, labels, count)}`;
  }
}

const labelsOf = ({ labels = [] }: Described, values: readonly string[]): readonly string[] =>
  labels.map((label, i) => `${label}="${escaped(values[i] ?? '')}"`);

const escaped = (value: string): string =>
  value.replaceAll('\\', String.raw`\\`).replaceAll('\n', String.raw`\n`).replaceAll('"', String.raw`\"`);

const line = (name: string, labels: readonly string[], figure: number): string =>
  `${name}${labels.length === 0 ? '' : `{${labels.join(',')}}`} ${figure}\n`;
