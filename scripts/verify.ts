/**
 * Command line: what must hold before a change is merged (`npm run verify`). Writes the
 * generated files, runs every check and test, builds the images, and fails when any of
 * that left the working tree different from what is committed.
 */
import { runCommand } from '#e2e/command-line.ts';
import { outcomeLine, runInForeground, runQuietly, type Step } from './run.ts';

const usage = `usage: npm run verify
  npm run gen, npm test (with the static checks) and npm run build, in this order up to
  the first that fails; then fails when git sees an uncommitted change.`;

const STEPS: readonly Step[] = [
  { name: 'gen', command: ['node', 'scripts/generate.ts'] },
  { name: 'test', command: ['node', 'scripts/test.ts'] },
  { name: 'build', command: ['node', 'images/build.ts'] },
];

/** What git sees as changed or new, one a line. */
async function uncommitted(): Promise<string> {
  const { ok, output } = await runQuietly({ name: 'git', command: ['git', 'status', '--porcelain'] });
  if (!ok) throw new Error(`git status: ${output}`);
  return output.trimEnd();
}

async function verify(): Promise<boolean> {
  for (const step of STEPS) {
    console.log(`\n== ${step.name}`);
    const outcome = await runInForeground(step);
    console.log(outcomeLine(outcome));
    if (!outcome.ok) return false;
  }
  const changes = await uncommitted();
  if (changes !== '') console.error(`\nthe working tree differs from the commit:\n${changes}`);
  return changes === '';
}

await runCommand({ usage, options: {} }, async () => ((await verify()) ? 0 : 1));
