import { describe, expect, test } from 'vitest';
import { Controller, type ControllerOptions, done } from './controller.ts';
import { KubeError, TerminalError } from './errors.ts';
import type { Informer } from './informer.ts';
import { silentLogger } from './log.ts';
import { createMetrics } from './metrics.ts';
import { type Cached, formatKey, type Resource } from './object.ts';
import { generationChanged } from './predicates.ts';
import * as kinds from './resources.ts';
import { Store } from './store.ts';
import { FakeClock } from './testing/clock.ts';

type Thing = Cached & { readonly uses?: string };

const key = { namespace: 'a', name: 'x' };

function informer(resource: Resource): Informer<Thing> {
  return { resource, store: new Store<Thing>(), hasSynced: () => true, whenSynced: () => Promise.resolve() };
}

function thing(
  name: string,
  version: number,
  more: { generation?: number; owner?: string; uses?: string } = {},
): Thing {
  const { generation = 1, owner, uses } = more;
  const reference = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    name: owner ?? '',
    uid: `uid-${owner}`,
    controller: true,
  };
  return {
    ...(uses === undefined ? {} : { uses }),
    metadata: {
      namespace: 'a',
      name,
      uid: name,
      resourceVersion: String(version),
      generation,
      creationTimestamp: '',
      labels: {},
      annotations: {},
      ownerReferences: owner === undefined ? [] : [reference],
    },
  };
}

/** A started controller that notes the keys it was given. */
async function started(reconcile: ControllerOptions['reconcile'], options: Partial<ControllerOptions> = {}) {
  const clock = new FakeClock();
  const metrics = createMetrics();
  const runs: string[] = [];
  const fatal: unknown[] = [];
  const controller = new Controller({
    name: 'test',
    log: silentLogger,
    clock,
    metrics,
    fatal: (error) => fatal.push(error),
    queue: { random: () => 0.5, restMs: 0 },
    ...options,
    reconcile: async (request, context) => {
      runs.push(formatKey(request));
      return reconcile(request, context);
    },
  });
  await controller.start(new AbortController().signal);
  const read = async (name: string): Promise<string | undefined> =>
    (await metrics.registry.metrics())
      .split('\n')
      .find((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return { controller, clock, runs, fatal, read };
}

describe('sources', () => {
  test('an own object, its children and what it uses all lead to its key', async () => {
    const own = informer(kinds.deployments);
    const children = informer(kinds.configMaps);
    const used = informer(kinds.secrets);
    const { controller, clock, runs } = await started(async () => done);
    controller
      .for(own, generationChanged)
      .owns(children, own)
      .watches(used, ({ metadata }) =>
        [...own.store.values()].filter(({ uses }) => uses === metadata.name).map((object) => object.metadata),
      );
    own.store.upsert(thing('x', 1, { uses: 's' }));
    await clock.tick(0);
    children.store.upsert(thing('c', 2, { owner: 'x' }));
    await clock.tick(0);
    children.store.upsert(thing('orphan', 3));
    used.store.upsert(thing('s', 4));
    await clock.tick(0);
    expect(runs).toEqual(['a/x', 'a/x', 'a/x']);
    children.store.remove({ namespace: 'a', name: 'c' }, '5');
    own.store.upsert(thing('x', 6));
    await clock.tick(0);
    expect(runs).toHaveLength(4);
    own.store.upsert(thing('x', 7, { generation: 2 }));
    await clock.tick(0);
    expect(runs).toHaveLength(5);
    own.store.remove(key, '8');
    await clock.tick(0);
    expect(runs).toHaveLength(6);
  });

  test('a child that changes hands wakes both owners, one of another kind wakes nobody', async () => {
    const own = informer(kinds.deployments);
    const children = informer(kinds.configMaps);
    const { controller, clock, runs } = await started(async () => done);
    controller.owns(children, own).owns(children, informer(kinds.services));
    children.store.upsert(thing('c', 1, { owner: 'x' }));
    await clock.tick(0);
    children.store.upsert(thing('c', 2, { owner: 'y' }));
    await clock.tick(0);
    expect(runs.toSorted()).toEqual(['a/x', 'a/x', 'a/y']);
  });
});

describe('results', () => {
  test('a failure backs off and doubles, a success forgets it', async () => {
    let failing = true;
    const { controller, clock, runs, read } = await started(async () => {
      if (failing) throw new Error('not yet');
      return done;
    });
    controller.enqueue(key);
    await clock.tick(0);
    await clock.tick(10);
    await clock.tick(20);
    expect(runs).toHaveLength(3);
    await clock.tick(39);
    expect(runs).toHaveLength(3);
    failing = false;
    await clock.tick(1);
    await clock.tick(60_000);
    expect(runs).toHaveLength(4);
    failing = true;
    controller.enqueue(key);
    await clock.tick(10);
    expect(runs).toHaveLength(6);
    expect(await read('controller_runtime_reconcile_errors_total')).toMatch(/ 5$/);
    expect(await read('workqueue_retries_total')).toMatch(/ 5$/);
  });

  test('requeueAfterMs comes back then, Retry-After of the API server is kept to', async () => {
    let n = 0;
    const { controller, clock, runs } = await started(async () => {
      n += 1;
      if (n === 2) throw new KubeError(429, 'TooManyRequests', 'later', {}, 3000);
      return n === 1 ? { requeueAfterMs: 500 } : done;
    });
    controller.enqueue(key);
    await clock.tick(499);
    expect(runs).toHaveLength(1);
    await clock.tick(1);
    expect(runs).toHaveLength(2);
    await clock.tick(2999);
    expect(runs).toHaveLength(2);
    await clock.tick(1);
    expect(runs).toHaveLength(3);
  });

  test('what can never work is counted and waits for a change', async () => {
    const { controller, clock, runs, read } = await started(async () => {
      throw new TerminalError('no');
    });
    controller.enqueue(key);
    await clock.tick(600_000);
    expect(runs).toHaveLength(1);
    expect(await read('controller_runtime_terminal_reconcile_errors_total')).toMatch(/ 1$/);
    controller.enqueue(key);
    await clock.tick(0);
    expect(runs).toHaveLength(2);
  });

  test('a programming error ends the process', async () => {
    const { controller, clock, fatal, read } = await started(async () => {
      throw new TypeError('undefined is not a function');
    });
    controller.enqueue(key);
    await clock.tick(0);
    expect(fatal).toEqual([expect.any(TypeError)]);
    expect(await read('controller_runtime_reconcile_panics_total')).toMatch(/ 1$/);
  });

  test('a reconcile that takes too long is aborted, counted and tried again', async () => {
    const { controller, clock, runs, read } = await started(
      (_key, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
      { timeoutMs: 1000 },
    );
    controller.enqueue(key);
    await clock.tick(1000);
    expect(await read('controller_runtime_reconcile_timeouts_total')).toMatch(/ 1$/);
    await clock.tick(100);
    expect(runs).toHaveLength(2);
  });
});

describe('workers', () => {
  test('as many keys run at once as there are workers; one that hangs holds up nobody else', async () => {
    const open: (() => void)[] = [];
    const { controller, clock, runs, read } = await started(
      ({ name }) =>
        name === 'hangs' ? new Promise((resolve) => open.push(() => resolve(done))) : Promise.resolve(done),
      { workers: 2 },
    );
    controller.enqueue({ namespace: 'a', name: 'hangs' });
    for (let n = 0; n < 10; n += 1) controller.enqueue({ namespace: 'a', name: `n${n}` });
    await clock.tick(0);
    expect(runs).toHaveLength(11);
    expect(await read('controller_runtime_active_workers')).toMatch(/ 1$/);
    await clock.tick(5000);
    expect(await read('workqueue_longest_running_processor_seconds')).toMatch(/ 5$/);
    expect(open).toHaveLength(1);
  });

  test('stop works off what waits, and aborts what outlasts the grace', async () => {
    const { controller, clock, runs } = await started(
      ({ name }, { signal }) =>
        name === 'hangs'
          ? new Promise((_, reject) => {
              signal.addEventListener('abort', () => reject(signal.reason as Error));
            })
          : Promise.resolve(done),
      { workers: 2 },
    );
    for (const name of ['hangs', 'b', 'c', 'd']) controller.enqueue({ namespace: 'a', name });
    const stopped = controller.stop(1000).then(() => 'stopped');
    await clock.tick(999);
    expect(runs).toHaveLength(4);
    await clock.tick(1);
    expect(await stopped).toBe('stopped');
  });
});
