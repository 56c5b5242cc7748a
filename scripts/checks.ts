/**
 * The static checks: what can be said of the sources without running them. They do
 * not depend on each other and run at the same time.
 */
import { type Outcome, outcomeLine, runQuietly, type Step } from './run.ts';

const CHECKS: readonly Step[] = [
  { name: 'types', command: ['tsc', '--project', '.'] },
  { name: 'lint', command: ['oxlint'] },
  { name: 'format', command: ['biome', 'check', '.'] },
  { name: 'unused', command: ['knip'] },
  { name: 'generated', command: ['node', 'scripts/generate.ts', '--check'] },
];

/** Runs every check; prints one line for each as it ends, and the output of those that fail. */
export async function runChecks(print: (text: string) => void): Promise<readonly Outcome[]> {
  return Promise.all(
    CHECKS.map(async (check) => {
      const outcome = await runQuietly(check);
      print(outcomeLine(outcome));
      if (!outcome.ok) print(outcome.output);
      return outcome;
    }),
  );
}
