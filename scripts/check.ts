/**
 * Command line: the static checks (`npm run check`). Exits 1 when one fails.
 */
import { parseArgs } from 'node:util';
import { runChecks } from './checks.ts';

const USAGE = `usage: npm run check
  Types, lint, format, unused code and generated files, all at once.
  Cures: npm run format (format), npm run gen (generated).`;

const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
if (values.help) {
  console.log(USAGE);
} else {
  const outcomes = await runChecks((text) => console.log(text));
  const failed = outcomes.filter(({ ok }) => !ok).map(({ name }) => name);
  console.log(failed.length === 0 ? 'all checks hold' : `failed: ${failed.join(', ')}`);
  if (failed.length > 0) process.exitCode = 1;
}
