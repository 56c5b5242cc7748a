/**
 * Command line: everything that proves the product (`npm test`) – static checks, unit
 * tests, tests on a real API server, tests on a whole cluster – one stage after the
 * other, with one count over all of it in the last line.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseProvider } from '#e2e/cluster/choose.ts';
import { places } from '#e2e/cluster/places.ts';
import { progressLines } from '#e2e/cluster/progress.ts';
import type { Provider } from '#e2e/cluster/provider.ts';
import { runCommand, UsageError } from '#e2e/command-line.ts';
import { prepare } from '#e2e/prepare.ts';
import { runChecks } from './checks.ts';
import { runInForeground } from './run.ts';
import { closingLines, countLine, required, sum, type Tally } from './tally.ts';

type Stage = (typeof STAGES)[number];
const STAGES = ['check', 'unit', 'process', 'api', 'e2e'] as const;
/** Those that need no cluster. */
const ALONE: readonly Stage[] = ['check', 'unit', 'process'];

const usage = `usage: npm test [-- [--bail] [STAGE…]]
  check    types, lint, format, unused code, generated files
  unit     tests that need nothing but Node
  process  tests that run the product, a database or a model engine as processes
  api      rules of the custom resources on a real API server
  e2e      the whole product on a cluster
  Without a STAGE, all of them in this order; a failed one does not hide the next.
  --bail   stop after the first stage that fails
  The cluster is the one of KUBECONFIG with USE_EXISTING_CLUSTER=true, else kind, else
  a local control plane (Linux, root).`;

async function checkStage(): Promise<Tally> {
  const outcomes = await runChecks((text) => console.log(text));
  const failed = outcomes.flatMap(({ ok, name }) => (ok ? [] : [`check > ${name}`]));
  return { passed: outcomes.length - failed.length, failed, skipped: [] };
}

async function projectStage(project: Stage, folder: string): Promise<Tally> {
  const file = join(folder, `${project}.json`);
  const outcome = await runInForeground({ name: project, command: ['node', 'scripts/project.ts', project, file] });
  const written = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return '{"passed":0,"failed":[],"skipped":[]}';
  });
  const tally = JSON.parse(written) as Tally;
  if (outcome.ok || tally.failed.length > 0) return required(project, tally);
  return { ...tally, failed: [`${project}: vitest failed outside of any test`] };
}

/** Builds what the tests run on; says why no cluster can be had here, if so. */
async function prepareCluster(): Promise<string | undefined> {
  let provider: Provider;
  try {
    provider = await chooseProvider(process.env);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  await prepare(
    provider.name,
    places(process.env).cache,
    progressLines((line) => process.stdout.write(line)),
  );
  return undefined;
}

async function runStage(stage: Stage, folder: string): Promise<Tally> {
  if (stage === 'check') return checkStage();
  const problem = await prepareCluster();
  if (ALONE.includes(stage) || problem === undefined) return projectStage(stage, folder);
  return { passed: 0, failed: [], skipped: [{ test: `all of ${stage}`, reason: problem }] };
}

/** The stages of these names; all without names. */
function stagesOf(names: readonly string[]): readonly Stage[] {
  const unknown = names.filter((name) => !STAGES.some((stage) => stage === name));
  if (unknown.length > 0)
    throw new UsageError(`There is no stage ${unknown.join(', ')}. There are: ${STAGES.join(', ')}.`);
  return names.length === 0 ? STAGES : STAGES.filter((stage) => names.includes(stage));
}

async function runStages(stages: readonly Stage[], bail: boolean): Promise<Tally> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-test-'));
  const tallies: Tally[] = [];
  try {
    for (const [index, stage] of stages.entries()) {
      console.log(`\n[${index + 1}/${stages.length}] ${stage}`);
      const begin = performance.now();
      const tally = await runStage(stage, folder);
      tallies.push(tally);
      const seconds = ((performance.now() - begin) / 1000).toFixed(1);
      console.log(`[${index + 1}/${stages.length}] ${stage}: ${countLine(tally)} in ${seconds} s`);
      if (bail && tally.failed.length > 0) break;
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  return sum(tallies);
}

const options = { bail: { type: 'boolean', default: false } } as const;
await runCommand({ usage, options, allowPositionals: true }, async ({ bail }, names) => {
  const total = await runStages(stagesOf(names), bail);
  console.log(`\n${closingLines(total).join('\n')}`);
  return total.failed.length === 0 ? 0 : 1;
});
