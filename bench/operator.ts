/**
 * The operator beside the least time that any operator could take. Each part runs on a
 * fresh control plane with fake nodes; floor and install alternate, so that a slow
 * spell of the machine meets both.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { connectApi } from '#e2e/api.ts';
import { localProvider } from '#e2e/cluster/local.ts';
import { places } from '#e2e/cluster/places.ts';
import type { Cluster } from '#e2e/cluster/provider.ts';
import { bundleImage } from '../images/images.ts';
import { type Definitions, type Report, report, type Sample } from './figures.ts';
import type { Plan } from './operator/measure.ts';

export const operatorFigures: Definitions = {
  converge_vs_floor: {
    unit: 'ratio',
    bar: { atMost: 1.5 },
    measures: 'first create to last child, over the time plain workers take',
  },
  writes_per_server: { unit: 'writes', bar: { none: true }, measures: 'until settled; at most children + 3' },
  status_writes_per_server: { unit: 'writes', bar: { atMost: 3 }, measures: 'until settled' },
  restart_writes: { unit: 'writes', bar: { atMost: 0 }, measures: 'after a restart with 300 settled servers' },
  restart_s: { unit: 's', bar: { none: true }, measures: 'process start to ready' },
  idle_writes_60s: { unit: 'writes', bar: { atMost: 0 }, measures: 'of a settled fleet, leases apart' },
  edit_to_child_p50_ms: {
    unit: 'ms',
    bar: { none: true },
    measures: 'edit of a server to the write of its Deployment',
  },
  edit_to_child_p99_ms: { unit: 'ms', bar: { atMost: 100 }, measures: 'the same, slowest of 50' },
  drift_repair_p50_ms: { unit: 'ms', bar: { atMost: 100 }, measures: 'child deleted or edited to its repair' },
  drift_repair_p99_ms: { unit: 'ms', bar: { atMost: 1000 }, measures: 'the same, slowest of 50' },
  truth_after_deployment_p99_ms: {
    unit: 'ms',
    bar: { atMost: 300 },
    measures: 'Ready=False after the Deployment shows it',
  },
  scale_kept: { unit: 'yes=1', bar: { atLeast: 1 }, measures: 'a scale by hand stays while autoscaling owns replicas' },
  edit_with_100_hanging_vs_none: {
    unit: 'ratio',
    bar: { atMost: 1.2 },
    measures: 'edit to child with 100 servers that never answer',
  },
  peak_rss_mb: { unit: 'MB', bar: { atMost: 150 }, measures: 'of the operator, 300 servers' },
  cpu_s: { unit: 's', bar: { none: true }, measures: 'of the operator while 300 servers converge' },
};

type Measured = Readonly<Record<string, number>>;

const ROOT = join(import.meta.dirname, '..');
const OUT = join(ROOT, 'dist/bench');
const BUNDLE = join(OUT, 'bundles/operator/main.mjs');

export async function operator(rounds: number, progress: (line: string) => void): Promise<Report> {
  progress('bundling the operator as its image does');
  await bundleImage('operator', OUT);
  const installs: Measured[] = [];
  const floors: number[] = [];
  let behaviour: Measured = {};
  for (let round = 1; round <= rounds; round++) {
    const part = round === rounds ? 'behaviour' : 'install';
    progress(`round ${round} of ${rounds}: ${part}`);
    const measured = await onFreshPlane(part, OUT, progress);
    installs.push(measured);
    if (part === 'behaviour') behaviour = measured;
    progress(`round ${round} of ${rounds}: floor`);
    floors.push((await onFreshPlane('floor', OUT, progress))['floorMs'] ?? Number.NaN);
    progress(`converge ${measured['convergeMs']} ms, floor ${floors.at(-1)} ms`);
  }
  const each = (pick: (measured: Measured) => number | undefined): Sample => ({
    rounds: installs.map((m) => pick(m) ?? Number.NaN),
  });
  const last = (name: string, note?: string): Sample => ({
    rounds: [behaviour[name] ?? Number.NaN],
    ...(note === undefined ? {} : { note }),
  });
  const allowed = (behaviour['childrenPerServer'] ?? Number.NaN) + 3;
  return report(
    'operator',
    rounds,
    { ...operatorFigures, writes_per_server: { unit: 'writes', measures: '', bar: { atMost: allowed } } },
    {
      converge_vs_floor: {
        rounds: installs.map((m, i) => (m['convergeMs'] ?? Number.NaN) / (floors[i] ?? Number.NaN)),
        ceiling: 1,
        peer: { published_toolhive: 4, published_kmcp: 1.9, published_mlo: 1.7 },
      },
      writes_per_server: each((m) => m['writesPerServer']),
      status_writes_per_server: each((m) => m['statusWritesPerServer']),
      restart_writes: last('restartWrites'),
      restart_s: last('restartS'),
      idle_writes_60s: last('idleWrites'),
      edit_to_child_p50_ms: last('editP50Ms'),
      edit_to_child_p99_ms: last('editP99Ms'),
      drift_repair_p50_ms: last('driftP50Ms'),
      drift_repair_p99_ms: last('driftP99Ms'),
      truth_after_deployment_p99_ms: last('truthP99Ms'),
      scale_kept: last('scaleKept'),
      edit_with_100_hanging_vs_none: last('hangRatio'),
      peak_rss_mb: each((m) => m['peakRssMb']),
      cpu_s: each((m) => m['cpuS']),
    },
  );
}

async function onFreshPlane(part: Plan['part'], folder: string, progress: (line: string) => void): Promise<Measured> {
  const cluster = await localProvider(places(process.env)).start({
    tier: 'control',
    name: `bench-${part}`,
    fakeNodes: 4,
    gpuNodes: { count: 0, gpus: 0 },
    metrics: false,
    progress: () => undefined,
  });
  try {
    return await measure(cluster, part, folder, progress);
  } finally {
    await cluster.stop();
  }
}

async function measure(
  cluster: Cluster,
  part: Plan['part'],
  folder: string,
  progress: (line: string) => void,
): Promise<Measured> {
  if (cluster.auditLog === undefined) throw new Error('the benchmark needs a cluster with an audit log');
  await applyCrds(cluster);
  const result = join(folder, `${part}.result.json`);
  const plan: Plan = {
    part,
    bundle: BUNDLE,
    kubeconfig: await insideUser(cluster, 'bench', folder),
    operatorKubeconfig: await insideUser(cluster, 'operator', folder),
    auditLog: cluster.auditLog,
    operatorLog: join(folder, `${part}.operator.log`),
    childrenFile: join(folder, 'children.json'),
    result,
  };
  writeFileSync(join(folder, `${part}.plan.json`), JSON.stringify(plan));
  writeFileSync(result, '');
  const running = await cluster.run(
    process.execPath,
    [join(import.meta.dirname, 'operator/measure.ts'), join(folder, `${part}.plan.json`)],
    { name: `measure-${part}` },
  );
  let shown = 0;
  for (;;) {
    await sleep(500);
    const lines = readFileSync(running.log, 'utf8').split('\n').slice(0, -1);
    for (const line of lines.slice(shown)) progress(line);
    shown = lines.length;
    const text = readFileSync(result, 'utf8');
    if (text !== '') return JSON.parse(text) as Measured;
    if (!existsSync(`/proc/${running.pid}`))
      throw new Error(`the measurement ended without a result; see ${running.log}`);
  }
}

/** A kubeconfig for a process in the cluster's own network, with every right. */
async function insideUser(cluster: Cluster, name: string, folder: string): Promise<string> {
  if (cluster.insideKubeconfig === undefined) throw new Error('the benchmark needs a local cluster');
  const server = (file: string) => /server: (\S+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
  const outside = await cluster.user(name, ['system:masters']);
  const path = join(folder, `${name}.kubeconfig`);
  writeFileSync(path, readFileSync(outside, 'utf8').replace(server(outside), server(cluster.insideKubeconfig)));
  return path;
}

async function applyCrds(cluster: Cluster): Promise<void> {
  const api = connectApi(cluster.kubeconfig);
  for (const file of ['mcpserver.yaml', 'modelbackend.yaml']) {
    const crd = parse(readFileSync(join(ROOT, 'crds', file), 'utf8')) as { metadata: { name: string } };
    await api.must('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd);
  }
  const path = '/apis/mcpfleet.dev/v1alpha1/';
  const deadline = performance.now() + 20_000;
  while (
    (await api.call('GET', `${path}mcpservers`)).code !== 200 ||
    (await api.call('GET', `${path}modelbackends`)).code !== 200
  ) {
    if (performance.now() > deadline) throw new Error('the custom resources were not served within 20 s');
    await sleep(50);
  }
  await api.close();
}
