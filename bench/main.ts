/**
 * `npm run bench`: lists the benchmarks and what they measure, or runs one. Progress goes to stderr; the last line on
 * stdout is one JSON object. Exit code 1 when a bar does not hold.
 */
import { runCommand, UsageError } from '#e2e/command-line.ts';
import { auth, authFigures } from './auth.ts';
import { CROSSTALK_CALLS, crosstalk, crosstalkFigures } from './crosstalk.ts';
import { type Definitions, describeBar, type Report, table } from './figures.ts';
import { fuzz, fuzzFigures } from './fuzz.ts';
import { list, listFigures } from './list.ts';
import { mcp, mcpFigures } from './mcp.ts';
import { operator, operatorFigures } from './operator.ts';
import { soak, soakFigures } from './soak.ts';
import { start, startFigures } from './start.ts';
import { streams, streamsFigures } from './streams.ts';

type Progress = (line: string) => unknown;

interface Bench {
  readonly about: string;
  readonly figures: Definitions;
  /** How long it runs may be said by these options. */
  readonly takes: readonly Length[];
  run(size: Partial<Record<Length, number>>, progress: Progress): Promise<Report>;
}

const ROUNDS = 5;
const OPERATOR_ROUNDS = 3;
const FUZZ_INPUTS = 20_000;
const SOAK_MINUTES = 2;

const rounds = (
  about: string,
  figures: Definitions,
  run: (rounds: number, progress: Progress) => Promise<Report>,
  usual = ROUNDS,
): Bench => ({
  about: `${about}; --rounds (${usual})`,
  figures,
  takes: ['rounds'],
  run: (size, progress) => run(size.rounds ?? usual, progress),
});

const benches: Readonly<Record<string, Bench>> = {
  operator: rounds(
    '300 McpServers on a real control plane, beside the least time any operator could take',
    operatorFigures,
    operator,
    OPERATOR_ROUNDS,
  ),
  start: rounds('first answer and idle memory of a server process', startFigures, start),
  mcp: rounds('tool calls with everything on, beside the ceiling and other servers', mcpFigures, mcp),
  list: rounds('tools/list and server/discover, beside a write from memory', listFigures, list),
  auth: rounds('the check of an access token, alone', authFigures, auth),
  streams: rounds('10 000 open subscriptions', streamsFigures, streams),
  soak: {
    about: `half load for --minutes (${SOAK_MINUTES}; 30 to judge memory): what grows`,
    figures: soakFigures,
    takes: ['minutes'],
    run: ({ minutes = SOAK_MINUTES }, progress) => soak(minutes, progress),
  },
  crosstalk: {
    about: `--calls (${CROSSTALK_CALLS}) of 1 000 clients with equal ids: whose answer comes to whom`,
    figures: crosstalkFigures,
    takes: ['calls'],
    run: ({ calls = CROSSTALK_CALLS }, progress) => crosstalk(calls, progress),
  },
  fuzz: {
    about: `--inputs (${FUZZ_INPUTS}) broken and hostile requests from --seed on`,
    figures: fuzzFigures,
    takes: ['inputs', 'seed'],
    run: ({ inputs = FUZZ_INPUTS, seed = Date.now() % 1e9 }, progress) => fuzz({ inputs, seed, progress }),
  },
};

const LENGTHS = ['rounds', 'minutes', 'calls', 'inputs', 'seed'] as const;
type Length = (typeof LENGTHS)[number];

const TEXT = { type: 'string' } as const;
const options = {
  json: { type: 'boolean' },
  rounds: TEXT,
  minutes: TEXT,
  calls: TEXT,
  inputs: TEXT,
  seed: TEXT,
} as const;

await runCommand({ usage: listing(), options, allowPositionals: true }, async (values, [name, ...more]) => {
  if (name === undefined) {
    process.stdout.write(`${listing()}\n`);
    return 0;
  }
  const bench = benches[name];
  if (!bench) throw new UsageError(`There is no benchmark "${name}". There are: ${Object.keys(benches).join(', ')}.`);
  if (more.length > 0) throw new UsageError(`One benchmark at a time, not "${more.join(' ')}" too.`);
  const size: Partial<Record<Length, number>> = {};
  for (const option of LENGTHS) {
    const given = values[option];
    if (given === undefined) continue;
    if (!bench.takes.includes(option))
      throw new UsageError(`${name} does not take --${option}, but ${bench.takes.map((it) => `--${it}`).join(', ')}.`);
    size[option] = whole(option, given);
  }
  const began = performance.now();
  const result = await bench.run(size, (line) =>
    process.stderr.write(`[${((performance.now() - began) / 1000).toFixed(1)} s] ${line}\n`),
  );
  if (!values.json) process.stdout.write(`${table(result)}\n`);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  return Object.values(result.figures).every((figure) => figure.holds) ? 0 : 1;
});

function whole(option: Length, given: string): number {
  const number = Number(given);
  if (!Number.isInteger(number) || number < 1)
    throw new UsageError(`--${option} must be a whole number of at least 1, not "${given}".`);
  return number;
}

function listing(): string {
  const lines = ['Usage: npm run bench -- NAME [--json] [its options]', ''];
  for (const [key, bench] of Object.entries(benches)) {
    lines.push(`${key} – ${bench.about}`);
    for (const [figure, definition] of Object.entries(bench.figures))
      lines.push(
        `  ${figure.padEnd(32)} ${describeBar(definition.bar).padEnd(10)} ${definition.unit.padEnd(6)} ${definition.measures}`,
      );
  }
  return lines.join('\n');
}
