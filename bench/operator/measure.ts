/**
 * One part of the operator benchmark, run within the cluster's own network so that
 * nothing stands between it and the API server. Writes its result as JSON to a file.
 * Usage: node measure.ts PLAN.json
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, connectApi } from '#e2e/api.ts';
import { quantile } from '../figures.ts';
import { allReady, edits, repairs, scaleKept, serversFrom, truth, type World } from './behaviour.ts';
import { manifest, parallel, SERVERS, serverPath } from './fleet.ts';
import { startHandshake } from './handshake.ts';
import { captureChildren, floor, install } from './install.ts';
import { type Subject, startSubject } from './subject.ts';
import { counts, openTrail, type Trail } from './trail.ts';

export interface Plan {
  readonly part: 'install' | 'floor' | 'behaviour';
  readonly bundle: string;
  readonly kubeconfig: string;
  readonly operatorKubeconfig: string;
  readonly auditLog: string;
  readonly operatorLog: string;
  /** Children of one server, for the floor; written by `install`. */
  readonly childrenFile: string;
  readonly result: string;
}

const OPERATOR = 'operator';
const QUIET_MS = 8_000;

const path = process.argv[2];
if (path === undefined) throw new Error('usage: node measure.ts PLAN.json');
const plan = JSON.parse(readFileSync(path, 'utf8')) as Plan;
const api = connectApi(plan.kubeconfig, 32);
const say = (line: string) => process.stderr.write(`${line}\n`);

{
  using trail = openTrail(plan.auditLog);
  const measured = plan.part === 'floor' ? { floorMs: await floorPart(api, trail) } : await withOperator(api, trail);
  writeFileSync(plan.result, JSON.stringify(measured));
}
await api.close();

async function floorPart(client: Api, trail: Trail): Promise<number> {
  const children = JSON.parse(readFileSync(plan.childrenFile, 'utf8')) as Awaited<ReturnType<typeof captureChildren>>;
  return floor(client, trail, children);
}

async function withOperator(client: Api, trail: Trail): Promise<Record<string, number | readonly number[]>> {
  await using handshake = await startHandshake();
  const starting = (healthPort: number) =>
    startSubject({
      bundle: plan.bundle,
      kubeconfig: plan.operatorKubeconfig,
      log: plan.operatorLog,
      proxy: handshake.url,
      healthPort,
    });
  let subject = await starting(18_081);
  try {
    await sleep(2000);
    const cpuBefore = subject.usage().cpuSeconds;
    const installed = await install(client, trail, OPERATOR, QUIET_MS);
    const used = subject.usage();
    writeFileSync(plan.childrenFile, JSON.stringify(await captureChildren(client)));
    say(
      `converged in ${installed.convergeMs.toFixed(0)} ms with ${installed.writesPerServer.toFixed(2)} writes per server`,
    );
    const result = { ...installed, cpuS: used.cpuSeconds - cpuBefore, peakRssMb: used.peakRssMb };
    if (plan.part === 'install') return result;

    await allReady(client, serversFrom(0, SERVERS), 120_000);
    const world: World = { api: client, trail, operator: OPERATOR };
    const idle = await idleWrites(trail, 60_000);
    say(`idle: ${idle} writes in 60 s`);
    const restarted = await restart(client, trail, subject, () => starting(18_082));
    subject = restarted.subject;
    say(`restart: ${restarted.writes} writes, ready after ${restarted.seconds.toFixed(2)} s`);
    const editTimes = await edits(world, serversFrom(0, 50), 'once');
    say(`edit to child: ${quantile(editTimes, 0.5)} ms, p99 ${quantile(editTimes, 0.99)} ms`);
    const repairTimes = await repairs(world, serversFrom(60, 10));
    say(`drift repair: ${quantile(repairTimes, 0.5)} ms, p99 ${quantile(repairTimes, 0.99)} ms`);
    const truthTimes = await truth(world, serversFrom(100, 20));
    say(`truth: p99 ${quantile(truthTimes, 0.99)} ms`);
    const kept = await scaleKept(world, serversFrom(SERVERS, 10));
    const none = await edits(world, serversFrom(150, 30), 'none');
    await hang(client, trail, 100);
    const hundred = await edits(world, serversFrom(180, 30), 'hundred');
    say(
      `edit with none hanging ${quantile(none, 0.5)} ms, with 100 hanging ${quantile(hundred, 0.5)} ms; ${handshake.seen.hanging} dials hang`,
    );
    if (handshake.seen.hanging < 100) throw new Error(`only ${handshake.seen.hanging} hanging servers were dialled`);
    return {
      ...result,
      idleWrites: idle,
      restartWrites: restarted.writes,
      restartS: restarted.seconds,
      editP50Ms: quantile(editTimes, 0.5),
      editP99Ms: quantile(editTimes, 0.99),
      driftP50Ms: quantile(repairTimes, 0.5),
      driftP99Ms: quantile(repairTimes, 0.99),
      truthP99Ms: quantile(truthTimes, 0.99),
      scaleKept: kept,
      hangRatio: quantile(hundred, 0.5) / quantile(none, 0.5),
      peakRssMb: Math.max(used.peakRssMb, subject.usage().peakRssMb),
    };
  } finally {
    await subject.kill();
  }
}

async function idleWrites(trail: Trail, ms: number): Promise<number> {
  const from = trail.mark();
  await sleep(ms);
  return trail.since(from).filter((r) => r.user === OPERATOR && counts(r)).length;
}

interface Restarted {
  readonly subject: Subject;
  readonly writes: number;
  readonly seconds: number;
}

/** Killed, started again, and watched until it has proven every server anew. */
async function restart(client: Api, trail: Trail, old: Subject, again: () => Promise<Subject>): Promise<Restarted> {
  await old.kill();
  const from = trail.mark();
  const began = performance.now();
  const subject = await again();
  const seconds = (performance.now() - began) / 1000;
  await sleep(15_000);
  const writes = trail.since(from).filter((r) => r.user === OPERATOR && counts(r)).length;
  await allReady(client, serversFrom(0, SERVERS), 60_000);
  return { subject, writes, seconds };
}

/** The answers that never come have been waited for, and said in the status, before anything is measured. */
async function hang(client: Api, trail: Trail, count: number): Promise<void> {
  const from = trail.mark();
  await client.call('POST', '/api/v1/namespaces', { metadata: { name: 'hang' } });
  await parallel(count, 16, async (i) => {
    const server = { namespace: 'hang', name: `hang-${i}` };
    await client.must('POST', serverPath({ ...server, name: '' }), manifest(server));
  });
  await sleep(15_000);
  await trail.quiet(from, OPERATOR, 3000, 120_000);
}
