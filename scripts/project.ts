/**
 * Command line, started by `scripts/test.ts`: runs one vitest project and writes what
 * came out of it as JSON to a file. vitest's own JSON report leaves out why a test
 * was skipped, which a reader of the closing lines needs.
 */
import { writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { type Reporter, startVitest, type TestModule } from 'vitest/node';
import { ROOT } from './run.ts';
import type { Skipped, Tally } from './tally.ts';

function tallyOf(modules: readonly TestModule[], unhandled: readonly { readonly message: string }[]): Tally {
  let passed = 0;
  const failed: string[] = unhandled.map(({ message }) => `outside of any test: ${message}`);
  const skipped: Skipped[] = [];
  for (const module of modules) {
    const file = relative(ROOT, module.moduleId);
    const before = failed.length;
    for (const test of module.children.allTests()) {
      const name = `${file} > ${test.fullName}`;
      const result = test.result();
      if (result.state === 'passed') passed += 1;
      else if (result.state === 'skipped')
        skipped.push({
          test: name,
          reason: result.note ?? (module.state() === 'failed' ? 'not reached' : 'no reason given'),
        });
      else failed.push(name);
    }
    if (module.state() !== 'passed' && module.state() !== 'skipped' && failed.length === before)
      failed.push(`${file} (${module.state() === 'failed' ? 'failed outside of its tests' : 'did not end'})`);
  }
  return { passed, failed, skipped };
}

const [project = '', file = ''] = process.argv.slice(2);

const collector: Reporter = {
  async onTestRunEnd(modules, unhandled) {
    await writeFile(file, JSON.stringify(tallyOf(modules, unhandled)));
  },
};

const vitest = await startVitest('test', [], { project: [project], watch: false, reporters: ['default', collector] });
await vitest.exit();
