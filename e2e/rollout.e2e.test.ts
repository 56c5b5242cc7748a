/** Calls do not notice that pods come and go: rollouts, scaling, evictions; and the sudden end of one costs what it had in hand. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { post } from './clients.ts';
import { type Lasting, type LastingReport, startLasting } from './lasting.ts';
import { type Load, type LoadReport, startLoad } from './load.ts';
import { exposedIn, IN_POSTGRES, mcpServer } from './manifests.ts';
import { evict, isReady, killContainer, type Pod, podsOf } from './pods.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { until } from './until.ts';
import { fleetPath, ingressUrl, untilCondition, useWorld } from './world.ts';

const world = useWorld('rollout', 'pods', 'ingress', 'processes');
const ROLLOUTS = 10;
/** Time in which the ingress sees that its connections to a process have ended. */
const NOTICE_MS = 50;
let postgres: Postgres | undefined;
let url: string;
let load: Load | undefined;
let lasting: Lasting | undefined;

beforeAll(async () => {
  if (!world.possible) return;
  postgres = await startPostgres(world);
  // Tools that ask and tell make sessions; the calls that are counted work in the database.
  const toolsets = [{ name: 'tasks' }, { name: 'everything' }];
  const spec = { ...IN_POSTGRES, ...exposedIn(world.namespace), toolsets, replicas: 3, rollout: { drain: '2s' } };
  await world.kube.apply(mcpServer('busy', spec));
  await untilCondition(world, 'mcpservers', 'busy', { type: 'Ready', status: 'True' }, 60_000);
  await untilPods(3);
  url = await ingressUrl(world, 'busy');
});
afterEach(async () => {
  await Promise.all([load?.stop(), lasting?.stop()]);
});
afterAll(async () => {
  await postgres?.[Symbol.asyncDispose]();
});

interface Deployment {
  readonly metadata: { readonly generation: number };
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly spec: { readonly containers: readonly { readonly env?: readonly object[] }[] } };
  };
  readonly status: Readonly<Record<string, number | undefined>>;
}

const pods = () => podsOf(world, 'busy');
const readyPods = async (): Promise<readonly Pod[]> => (await pods()).filter(isReady);

async function untilPods(count: number): Promise<void> {
  let seen: readonly Pod[] = [];
  const settled = async (): Promise<boolean> => {
    seen = await pods();
    return seen.length === count && seen.every(isReady);
  };
  await until(`${count} ready pods`, 60_000, settled).catch((error: Error) => {
    const said = seen.map(({ metadata, status }) =>
      JSON.stringify([metadata.name, metadata.deletionTimestamp, status]),
    );
    throw new Error(`${error.message}; there are\n${said.join('\n')}`, { cause: error });
  });
}

/** Rolls the Deployment by a change of the server, and waits until all its pods are of the new revision. */
async function roll(mark: string): Promise<void> {
  const env = [{ name: 'MARK', value: mark }];
  await world.api.patch(fleetPath(world.namespace, 'mcpservers', 'busy'), { spec: { podTemplate: { env } } });
  await until(`rollout ${mark}`, 60_000, async () => {
    const { metadata, spec, status } = await world.kube.get<Deployment>('deployment', 'busy');
    if (!JSON.stringify(spec.template.spec.containers[0]?.env ?? []).includes(`"${mark}"`)) return false;
    const counts = [status['updatedReplicas'], status['availableReplicas'], status['replicas']];
    return status['observedGeneration'] === metadata.generation && counts.every((count) => count === spec.replicas);
  });
}

const steady = () =>
  startLoad({ url, clients: 40, perSecond: 200, tool: { name: 'list_tasks', arguments: { limit: 1 } } });

/** The load while something is done. */
async function loadDuring(work: () => Promise<void>): Promise<LoadReport> {
  load = await steady();
  await work();
  const report = await load.stop();
  const { calls, failures, renewals, perSecond, slowestMs } = report;
  const rate = `${calls} calls, ${perSecond.toFixed(0)}/s, slowest ${slowestMs.toFixed(0)} ms`;
  console.info(`${rate}, ${failures.length} failed, ${renewals} new sessions`);
  return report;
}

/**
 * The load, and clients that want to stay, while something is done that neither may notice: every call gets its result,
 * and what lasts ends in order and is back.
 */
async function unnoticed(work: () => Promise<void>): Promise<LoadReport & LastingReport> {
  const staying = await startLasting({ url, each: 4 });
  lasting = staying;
  const report = await loadDuring(work);
  const before = staying.heard();
  await until('streams that tell of a change again', 10_000, async () => {
    await post(url, 'tools/call', { name: 'test_trigger_tool_change', arguments: {} });
    return staying.heard().every((count, i) => count > (before[i] ?? 0));
  });
  const { problems, ...counts } = await staying.stop();
  console.info(JSON.stringify(counts));
  expect(report.failures).toEqual([]);
  expect(problems).toEqual([]);
  expect(report.perSecond).toBeGreaterThan(150); // a busy machine may be late with some
  return { ...report, ...counts, problems };
}

test(`${ROLLOUTS} rollouts lose no call`, { timeout: 240_000 }, async () => {
  const report = await unnoticed(async () => {
    for (let i = 1; i <= ROLLOUTS; i += 1) await roll(`rollout-${i}`);
  });
  // Every pod had sessions and streams, which ended and began again; a rollout may overtake the end of the one before.
  expect(report.renewals).toBeGreaterThan(ROLLOUTS * 10);
  for (const ended of [report.listensEnded, report.sessionsEnded, report.rejoined])
    expect(ended).toBeGreaterThan(ROLLOUTS * 2);
});

test('from three pods to one and to four no call is lost', async () => {
  await unnoticed(async () => {
    for (const count of [1, 4]) {
      await world.kube.run(['scale', 'mcpserver', 'busy', `--replicas=${count}`]);
      await untilPods(count);
    }
  });
});

test('the eviction of every pod, one at a time as the budget demands, loses no call', async () => {
  let refused = 0;
  await unnoticed(async () => {
    for (const pod of await readyPods())
      await until(`eviction of ${pod.metadata.name}`, 60_000, async () => {
        const { code } = await evict(world, pod);
        if (code === 429) refused += 1;
        return code === 201;
      });
    await untilPods(4);
  });
  expect(refused).toBeGreaterThan(0);
});

test('a pod that is killed loses the calls that it had in hand, and no other', async () => {
  const [victim] = await readyPods();
  if (!victim) throw new Error('no pod is ready');
  let killedAt = 0;
  const { failures } = await loadDuring(async () => {
    await until('some calls', 10_000, () => Promise.resolve((load?.report().calls ?? 0) > 400));
    await killContainer(victim);
    killedAt = performance.now();
    await until('the container is started again', 30_000, async () => {
      const pod = (await pods()).find(({ metadata }) => metadata.uid === victim.metadata.uid);
      return pod?.status.containerStatuses?.[0]?.restartCount === 1 && isReady(pod);
    });
  });
  expect(failures.filter(({ beganAt }) => beganAt > killedAt + NOTICE_MS)).toEqual([]);
  expect(failures.length).toBeLessThan(40);
});
