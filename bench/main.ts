/**
 * `npm run bench`: lists the benchmarks and what they measure, or runs one. Progress
 * goes to stderr; the last line on stdout is one JSON object. Exit code 1 when a bar
 * does not hold.
 */
import { parseArgs } from 'node:util';
import { type Definitions, describeBar, type Report, table } from './figures.ts';
import { operator, operatorFigures } from './operator.ts';
import { start, startFigures } from './start.ts';

interface Bench {
  readonly about: string;
  readonly rounds: number;
  readonly figures: Definitions;
  run(rounds: number, progress: (line: string) => void): Promise<Report>;
}

const benches: Readonly<Record<string, Bench>> = {
  operator: {
    about: '300 McpServers on a real control plane, beside the least time any operator could take',
    rounds: 3,
    figures: operatorFigures,
    run: operator,
  },
  start: { about: 'first answer and idle memory of a server process', rounds: 5, figures: startFigures, run: start },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string' },
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
  const rounds = Number(values.rounds ?? bench.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    process.stderr.write(`--rounds must be a whole number of at least 1, not "${values.rounds}".\n`);
    process.exit(2);
  }
  const began = performance.now();
  const result = await bench.run(rounds, (line) =>
    process.stderr.write(`[${((performance.now() - began) / 1000).toFixed(1)} s] ${line}\n`),
  );
  if (!values.json) process.stdout.write(`${table(result)}\n`);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exit(Object.values(result.figures).every((figure) => figure.holds) ? 0 : 1);
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
