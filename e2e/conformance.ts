/**
 * `npm run conformance`: the official conformance suite against a server with the toolset `everything`, in three pods
 * behind the ingress of a cluster. Prints what each part scored; fails unless every required scenario passes.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { chooseProvider } from './cluster/choose.ts';
import { kubectl } from './cluster/kubectl.ts';
import { openLocal } from './cluster/local-cluster.ts';
import { places } from './cluster/places.ts';
import { progressLines } from './cluster/progress.ts';
import { type Cluster, step } from './cluster/provider.ts';
import { runCommand, UsageError } from './command-line.ts';
import { FIXTURES, type Leg, PLAIN } from './conformance/legs.ts';
import { requireMcp } from './conformance/reachable.ts';
import { runLegs, type Server } from './conformance/run.ts';
import { optionalFailures, requiredFailures, table } from './conformance/scores.ts';
import { deployEverything } from './conformance/target.ts';
import { installCharts, productImage, restrictedNamespace } from './fleet.ts';

const usage = `Usage: npm run conformance [-- options]

Starts a Kubernetes cluster as npm run up does, deploys an McpServer with the toolset
everything and three pods, and runs the official MCP conformance suite against it:
the scenarios required for 2026-07-28 and 2025-11-25 with those that are pending,
Tasks and Skills, and all of 2025-06-18 and 2025-03-26.
Exit code 0 only if all that are required pass.

  --run <id>    use the local cluster of this run folder (npm run up prints it)
  --url <url>   run against this server instead; no cluster is needed. It must have no
                limit of requests for each caller
  --plain       only what needs no fixtures: for a server with other toolsets
  --all         exit code 0 only if the optional scenarios pass, too
  --help        this text
`;

const options = {
  run: { type: 'string' },
  url: { type: 'string' },
  plain: { type: 'boolean', default: false },
  all: { type: 'boolean', default: false },
} as const;

interface Wanted {
  readonly legs: readonly Leg[];
  /** Whether the optional scenarios must pass, too. */
  readonly all: boolean;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const progress = progressLines((line) => process.stdout.write(line));

async function judge({ legs, all }: Wanted, server: Server): Promise<number> {
  const scores = await runLegs(legs, server, { print });
  const [required, optional] = [requiredFailures(scores), optionalFailures(scores)];
  print(`\n${table(scores)}`);
  for (const name of required) print(`required and not passed: ${name}`);
  for (const name of optional) print(`optional and not passed: ${name}`);
  print(required.length === 0 ? 'Every required scenario passes.' : 'Not conformant.');
  return required.length === 0 && (!all || optional.length === 0) ? 0 : 1;
}

async function openCluster(run: string | undefined): Promise<{ cluster: Cluster; ours: boolean }> {
  if (run !== undefined) return { cluster: await openLocal(join(places(process.env).runs, run)), ours: false };
  const provider = await chooseProvider(process.env);
  const cluster = await provider.start({ tier: 'pods', name: 'conformance', progress });
  return { cluster, ours: provider.name !== 'existing' };
}

async function onCluster(wanted: Wanted, run: string | undefined): Promise<number> {
  const { cluster, ours } = await openCluster(run);
  const namespace = `conformance-${randomBytes(3).toString('hex')}`;
  const kube = kubectl(cluster).in(namespace);
  try {
    await step(progress, 'Build and load images', async () => {
      for (const image of ['server', 'operator'] as const) await cluster.loadImage((await productImage(image)).file);
    });
    await step(progress, 'Install the charts', () => installCharts(cluster));
    await kube.apply(restrictedNamespace(namespace));
    await using target = await step(progress, 'Deploy the server', () => deployEverything(cluster, namespace, kube));
    print(`${target.front} with ${target.replicas} pods\n`);
    return await judge(wanted, target);
  } finally {
    if (ours) await cluster.stop();
    else await kube.run(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=false']);
  }
}

await runCommand({ usage, options }, async ({ run, url, plain, all }) => {
  const wanted = { legs: plain ? PLAIN : FIXTURES, all };
  if (url === undefined) return onCluster(wanted, run);
  if (run !== undefined) throw new UsageError('Give --run or --url, not both.');
  await requireMcp('--url', url);
  return judge(wanted, { front: url, direct: url });
});
