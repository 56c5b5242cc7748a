import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { KubeObject } from '#operator/kit/object.ts';
import { pods } from '#operator/kit/resources.ts';
import type { Pod } from '#operator/kit/wire.ts';
import { mcpServers } from '#operator/workload/customresources.ts';
import { key, until } from '#operator/workload/testing/cluster.ts';
import { cachedMcpServer, mcpServer, OPTIONS } from '../testing/fixtures.ts';
import { startWorld, type World } from '../testing/world.ts';
import { conformanceJob, EXAMINED_IMAGE_ANNOTATION, type Job, jobName, jobs, VERIFY_ANNOTATION } from './job.ts';

type Spec = Parameters<typeof mcpServer>[0];
type Ended = NonNullable<NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number]['state']>['terminated'];

/** Applies the server as a person would, with what its annotation asks for. */
function ask(world: World, request?: string, spec: Spec = {}): void {
  const server = mcpServer(spec);
  const annotations = request === undefined ? {} : { [VERIFY_ANNOTATION]: request };
  world.api.put(mcpServers, { ...server, metadata: { ...server.metadata, annotations } });
}

async function serve(world: World): Promise<void> {
  await until(() => world.run());
  await until(() => expect(world.condition('Ready')).toBe('True/Ready'));
}

const result = (world: World) => world.status()?.conformance;
const all = (world: World): readonly Job[] => world.api.list(jobs);

/** The one Job there is. */
async function jobOf(world: World): Promise<Job> {
  await until(() => expect(all(world)).toHaveLength(1));
  const [job] = all(world);
  if (job === undefined) throw new Error('no Job');
  return job;
}

/** The kubelet's part: the pod of the Job, with this status. */
function runPod(world: World, job: Job, status: NonNullable<Pod['status']>): void {
  const { name, uid = '' } = job.metadata;
  const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true }];
  const { labels } = job.spec.template.metadata;
  const metadata = { namespace: 'team-a', name: `${name}-x1`, labels, ownerReferences };
  world.api.put(pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec: job.spec.template.spec });
  world.api.setStatus(pods, key(metadata.name), status, 'kubelet');
}

const container = (state: object) => ({
  containerStatuses: [{ name: 'conformance', ready: false, restartCount: 0, state }],
});

function end(world: World, job: Job, message: string, exitCode = 0): void {
  const terminated: Ended = { exitCode, message };
  runPod(world, job, { phase: exitCode === 0 ? 'Succeeded' : 'Failed', ...container({ terminated }) });
  finish(world, job, exitCode === 0 ? { type: 'Complete' } : { type: 'Failed', reason: 'BackoffLimitExceeded' });
}

function finish(world: World, { metadata }: KubeObject, condition: { type: string; reason?: string }): void {
  world.api.setStatus(jobs, key(metadata.name), { conditions: [{ ...condition, status: 'True' }] }, 'job-controller');
}

const COUNTS = { version: '0.2.0', passed: 40, total: 40, failed: [] };

test('the Job of an examination', async () => {
  const server = cachedMcpServer({
    toolsets: [{ name: 'everything' }],
    imagePullSecrets: [{ name: 'registry' }],
    scheduling: { nodeSelector: { zone: 'a' }, tolerations: [{ operator: 'Exists' }], priorityClassName: 'high' },
  });
  const inputs = { request: '1', image: OPTIONS.conformanceImage ?? '', examined: 'server:1' };
  await expect(
    stringify(conformanceJob(server, inputs), { lineWidth: 0, aliasDuplicateObjects: false }),
  ).toMatchFileSnapshot('./golden/job.yaml');
});

test('the name of a Job is short enough for a label, and of its request alone', () => {
  const long = cachedMcpServer({}, 'a'.repeat(50));
  expect(jobName(long, '1')).toHaveLength(63);
  expect(jobName(long, '1')).not.toBe(jobName(long, '2'));
});

describe('an examination', () => {
  test('runs when it is asked for, and its result is in the status', async () => {
    await using world = await startWorld();
    ask(world, '1');
    await world.quiet();
    expect(all(world)).toEqual([]);
    await serve(world);
    const job = await jobOf(world);
    expect(job.spec.template.spec.containers[0]?.args).toEqual([
      '--url',
      'http://assistant.team-a.svc.cluster.local/mcp',
      '--scenarios',
      'plain',
    ]);
    expect(job.metadata.annotations?.[EXAMINED_IMAGE_ANNOTATION]).toBe('mcpfleet.local/server:dev');
    expect(result(world)).toBeUndefined();
    end(world, job, JSON.stringify(COUNTS));
    await until(() => expect(result(world)).toBeDefined());
    expect(result(world)).toEqual({
      request: '1',
      version: '0.2.0',
      passed: 40,
      total: 40,
      image: 'mcpfleet.local/server:dev',
      time: expect.any(String) as string,
      message: 'All 40 scenarios of the suite 0.2.0 passed.',
    });
    await until(() => expect(world.events()).toContain('Normal ConformancePassed'));
  });

  test('runs once for each value of the annotation, also for one that comes again', async () => {
    await using world = await startWorld();
    ask(world, '1');
    await serve(world);
    end(world, await jobOf(world), JSON.stringify(COUNTS));
    await until(() => expect(result(world)?.request).toBe('1'));
    await world.restart();
    await world.quiet();
    expect(all(world)).toHaveLength(1);
    for (const request of ['2', '1']) {
      const before = all(world);
      ask(world, request);
      await until(() => expect(all(world)).toHaveLength(before.length + 1));
      const fresh = all(world).find(({ metadata }) => !before.some((old) => old.metadata.name === metadata.name));
      if (fresh === undefined) throw new Error('no new Job');
      end(world, fresh, JSON.stringify({ ...COUNTS, version: `of ${request}` }));
      await until(() => expect(result(world)).toMatchObject({ request, version: `of ${request}` }));
    }
  });

  test('waits for the one before, whose result is of no interest any more', async () => {
    await using world = await startWorld();
    ask(world, '1');
    await serve(world);
    const first = await jobOf(world);
    ask(world, '2');
    await world.quiet();
    expect(all(world)).toHaveLength(1);
    end(world, first, JSON.stringify(COUNTS));
    await until(() => expect(all(world)).toHaveLength(2));
    expect(result(world)).toBeUndefined();
  });

  test('waits until all pods run what the spec says', async () => {
    await using world = await startWorld();
    ask(world);
    await serve(world);
    ask(world, '1', { image: 'server:2' });
    await world.quiet();
    expect(all(world)).toEqual([]);
    world.run();
    const job = await jobOf(world);
    expect(job.metadata.annotations?.[EXAMINED_IMAGE_ANNOTATION]).toBe('server:2');
  });

  test('is over when its pod has ended, whatever the Job says of itself', async () => {
    await using world = await startWorld();
    ask(world, '1');
    await serve(world);
    const job = await jobOf(world);
    runPod(world, job, { phase: 'Pending' });
    await world.quiet();
    const terminated: Ended = { exitCode: 0, message: JSON.stringify(COUNTS) };
    world.api.setStatus(pods, key(`${job.metadata.name}-x1`), container({ terminated }), 'kubelet');
    await until(() => expect(result(world)).toMatchObject({ passed: 40 }));
  });

  test('names what failed, and where the reasons are', async () => {
    await using world = await startWorld();
    ask(world, '1', { toolsets: [{ name: 'everything' }] });
    await serve(world);
    const job = await jobOf(world);
    expect(job.spec.template.spec.containers[0]?.args?.at(-1)).toBe('fixtures');
    const failed = Array.from({ length: 12 }, (_, i) => `scenario-${i}`);
    end(world, job, JSON.stringify({ ...COUNTS, passed: 28, failed }), 1);
    await until(() => expect(result(world)).toMatchObject({ passed: 28, total: 40, failed: failed.slice(0, 10) }));
    expect(result(world)?.message).toMatch(
      /^12 of 40 scenarios of the suite 0\.2\.0 failed: scenario-0, .* and others\. See kubectl logs -n team-a assistant-verify-/,
    );
    await until(() => expect(world.events()).toContain('Warning ConformanceFailed'));
  });

  test('the result outlives the request and its Job', async () => {
    await using world = await startWorld();
    ask(world, '1');
    await serve(world);
    const job = await jobOf(world);
    end(world, job, JSON.stringify(COUNTS));
    await until(() => expect(result(world)?.request).toBe('1'));
    world.api.remove(jobs, key(job.metadata.name));
    ask(world);
    await world.quiet();
    expect(result(world)).toMatchObject({ request: '1', passed: 40 });
    expect(all(world)).toEqual([]);
  });
});

describe('an examination without a result says what to do:', () => {
  test.each<[string, (world: World, job: Job) => void, string]>([
    ['last words that are none', (world, job) => end(world, job, 'Error: boom\n', 1), 'exit code 1): Error: boom'],
    [
      'more passed than ran',
      (world, job) => end(world, job, '{"version":"1","passed":2,"total":1,"failed":[]}'),
      'exit code 0)',
    ],
    [
      'nothing ran',
      (world, job) => end(world, job, '{"version":"1","passed":0,"total":0,"failed":[]}'),
      'without a result',
    ],
    [
      'no image',
      (world, job) => runPod(world, job, container({ waiting: { reason: 'ErrImagePull', message: 'not found' } })),
      'cannot be pulled: not found. Correct the value conformanceImage',
    ],
    [
      'too late, with its pod gone',
      (world, job) => finish(world, job, { type: 'Failed', reason: 'DeadlineExceeded' }),
      'did not end within 10 minutes',
    ],
  ])('%s', async (_title, happen, message) => {
    await using world = await startWorld();
    ask(world, '1');
    await serve(world);
    happen(world, await jobOf(world));
    await until(() => expect(result(world)?.message).toContain(message));
    expect(result(world)?.message).toContain('give the annotation mcpfleet.dev/verify-conformance a new value');
    expect(result(world)).not.toHaveProperty('passed');
    await until(() => expect(world.events()).toContain('Warning ConformanceFailed'));
  });

  test('a server that wants tokens', async () => {
    await using world = await startWorld();
    ask(world, '1', { auth: { type: 'JWT', jwt: { issuer: 'https://id.example.com' } } });
    await until(() => expect(result(world)?.message).toContain('whose spec.auth.type is None'));
    expect(all(world)).toEqual([]);
  });

  test.each([
    ['tasks', 599, 600],
    ['everything', 5999, 6000],
  ])('a server with %s that refuses a caller of so many requests', async (name, few, enough) => {
    await using world = await startWorld();
    const limited = (requestsPerMinutePerCaller: number) => ({
      toolsets: [{ name }],
      limits: { requestsPerMinutePerCaller },
    });
    ask(world, '1', limited(few));
    await serve(world);
    await until(() =>
      expect(result(world)?.message).toContain(
        `spec.limits.requestsPerMinutePerCaller, ${few}, lets one caller send; examine a server with the same spec and image where it is 0 or at least ${enough}. Give the annotation`,
      ),
    );
    expect(all(world)).toEqual([]);
    ask(world, '2', limited(enough));
    await world.quiet();
    world.run();
    await jobOf(world);
  });

  test('a Job that the API server refuses', async () => {
    await using world = await startWorld();
    const creates = ({ path }: { readonly path: string }) => path.includes('/jobs/assistant-verify-');
    world.api.faults.inject({ kind: 'status', code: 403 }, creates, Number.POSITIVE_INFINITY);
    ask(world, '1');
    await serve(world);
    await until(() => expect(result(world)?.message).toContain('The API server refused Job team-a/assistant-verify-'));
  });

  test("somebody else's Job of the name", async () => {
    await using world = await startWorld();
    ask(world);
    await serve(world);
    const { uid = '' } = world.api.get(mcpServers, key('assistant')).metadata;
    const server = cachedMcpServer();
    const name = jobName({ ...server, metadata: { ...server.metadata, uid } }, '1');
    const job = conformanceJob(server, { request: '1', image: 'a', examined: 'b' });
    world.api.put(jobs, { ...job, metadata: { namespace: 'team-a', name } }, 'somebody');
    ask(world, '1');
    await until(() => expect(result(world)?.message).toContain(`Job team-a/${name} exists and is not of this server`));
    expect(world.api.get(jobs, key(name)).metadata.ownerReferences).toBeUndefined();
  });
});
