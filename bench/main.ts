/**
 * `npm run bench`: lists the benchmarks and what they measure, or runs one. Progress
 * goes to stderr; the last line on stdout is one JSON object. Exit code 1 when a bar
 * does not hold.
 */
import { parseArgs } from 'node:util';
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

type Progress = (line: string) => void;

/** What the command line may say beside the name. */
interface Size {
  readonly inputs?: number;
  readonly seed?: number;
  readonly minutes?: number;
  readonly calls?: number;
}

interface Bench {
  readonly about: string;
  /** Times that each measurement is taken; 1 where the length is given otherwise. */
  readonly rounds: number;
  readonly figures: Definitions;
  run(rounds: number, progress: Progress, size: Size): Promise<Report>;
}

const FUZZ_INPUTS = 20_000;
const SOAK_MINUTES = 2;

const benches: Readonly<Record<string, Bench>> = {
  operator: {
    about: '300 McpServers on a real control plane, beside the least time any operator could take',
    rounds: 3,
    figures: operatorFigures,
    run: operator,
  },
  start: { about: 'first answer and idle memory of a server process', rounds: 5, figures: startFigures, run: start },
  mcp: {
    about: 'tool calls with everything on, beside the ceiling and other servers',
    rounds: 5,
    figures: mcpFigures,
    run: mcp,
  },
  list: {
    about: 'tools/list and server/discover, beside a write from memory',
    rounds: 5,
    figures: listFigures,
    run: list,
  },
  auth: { about: 'the check of an access token, alone', rounds: 5, figures: authFigures, run: auth },
  streams: { about: '10 000 open subscriptions', rounds: 5, figures: streamsFigures, run: streams },
  soak: {
    about: `half load for --minutes (${SOAK_MINUTES}; 30 to judge memory): what grows`,
    rounds: 1,
    figures: soakFigures,
    run: (_, progress, { minutes = SOAK_MINUTES }) => soak(minutes, progress),
  },
  crosstalk: {
    about: `--calls (${CROSSTALK_CALLS}) of 1 000 clients with equal ids: whose answer comes to whom`,
    rounds: 1,
    figures: crosstalkFigures,
    run: (_, progress, { calls = CROSSTALK_CALLS }) => crosstalk(calls, progress),
  },
  fuzz: {
    about: `--inputs (${FUZZ_INPUTS}) broken and hostile requests from --seed on`,
    rounds: 1,
    figures: fuzzFigures,
    run: (_, progress, { inputs = FUZZ_INPUTS, seed = Date.now() % 1e9 }) => fuzz({ inputs, seed, progress }),
  },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    inputs: { type: 'string' },
    seed: { type: 'string' },
    minutes: { type: 'string' },
    calls: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const [name] = positionals;

if (name === undefined || values.help) {
  process.stdout.write(`${listing()}\n`);
} else {
  const bench = benches[name];
  if (!bench) {
    process.stderr.write(`There is no benchmark "${name}". There are: ${Object.keys(benches).join(', ')}.\n`);
    process.exit(2);
  }
  const rounds = whole('rounds') ?? bench.rounds;
  const size: Record<string, number> = {};
  for (const option of ['inputs', 'seed', 'minutes', 'calls'] as const) {
    const given = whole(option);
    if (given !== undefined) size[option] = given;
  }
  const began = performance.now();
  const progress: Progress = (line) =>
    process.stderr.write(`[${((performance.now() - began) / 1000).toFixed(1)} s] ${line}\n`);
  const result = await bench.run(rounds, progress, size);
  if (!values.json) process.stdout.write(`${table(result)}\n`);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exit(Object.values(result.figures).every((figure) => figure.holds) ? 0 : 1);
}

function whole(option: 'rounds' | 'inputs' | 'seed' | 'minutes' | 'calls'): number | undefined {
  const given = values[option];
  if (given === undefined) return undefined;
  const number = Number(given);
  if (!Number.isInteger(number) || number < 1) {
    process.stderr.write(`--${option} must be a whole number of at least 1, not "${given}".\n`);
    process.exit(2);
  }
  return number;
}

function listing(): string {
  const lines = ['Usage: npm run bench -- NAME [--json] [--rounds N]', ''];
  for (const [key, bench] of Object.entries(benches)) {
    lines.push(`${key} – ${bench.about}`);
    for (const [figure, definition] of Object.entries(bench.figures))
      lines.push(
        `  ${figure.padEnd(32)} ${describeBar(definition.bar).padEnd(10)} ${definition.unit.padEnd(6)} ${definition.measures}`,
      );
  }
  return lines.join('\n');
}
