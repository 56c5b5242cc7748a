/**
 * Command line: the static checks (`npm run check`). Exits 1 when one fails.
 */
import { runCommand } from '#e2e/command-line.ts';
import { runChecks } from './checks.ts';

const usage = `usage: npm run check
  Types, lint, format, unused code and generated files, all at once.
  Cures: npm run format (format), npm run gen (generated).`;

await runCommand({ usage, options: {} }, async () => {
  const outcomes = await runChecks((text) => console.log(text));
  const failed = outcomes.filter(({ ok }) => !ok).map(({ name }) => name);
  console.log(failed.length === 0 ? 'all checks hold' : `failed: ${failed.join(', ')}`);
  return failed.length === 0 ? 0 : 1;
});
