/**
 * Events between pods over real servers: who hears what, and what happens when the connection between them goes.
 */
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { startRedis } from '../redis/redis.testing.ts';
import { openRedis } from '../redis/redis.ts';
import { silent } from '../store/databases.testing.ts';
import { startPostgres } from '../store/postgres.testing.ts';
import type { EventBus, ServerEvent } from './event.ts';
import { openEventBus } from './open.ts';

interface Pod {
  readonly bus: EventBus;
  readonly heard: ServerEvent[];
}

interface Carrier {
  open(name: string): Promise<EventBus>;
  /** Breaks every connection. */
  interrupt(): Promise<void>;
}

const postgres = await startPostgres();
const redis = await startRedis();
for (const started of [postgres, redis]) if ('missing' in started) console.warn(`skipped: ${started.missing}`);
afterAll(async () => {
  for (const started of [postgres, redis]) if ('stop' in started) await started.stop();
}, 20_000);

const pods: Pod[] = [];
afterEach(async () => {
  await Promise.all(pods.splice(0).map(({ bus }) => bus.close()));
});

async function startPod(carrier: Carrier, name: string): Promise<Pod> {
  const bus = await carrier.open(name);
  const heard: ServerEvent[] = [];
  bus.subscribe((event) => heard.push(event));
  const pod = { bus, heard };
  pods.push(pod);
  await expect.poll(() => bus.ready(), { timeout: 10_000 }).toBe(true);
  heard.splice(0);
  return pod;
}

function describeCarrier(title: string, missing: boolean, carrier: Carrier): void {
  describe.skipIf(missing)(`over ${title}`, () => {
    test('what one pod publishes every pod of the server hears once, and no other server', async () => {
      const [a, b, c] = [
        await startPod(carrier, 'one'),
        await startPod(carrier, 'one'),
        await startPod(carrier, 'two'),
      ];
      a.bus.publish({ type: 'tools' });
      a.bus.publish({ type: 'resource', uri: 'tasks://1' });
      expect(a.heard).toEqual([{ type: 'tools' }, { type: 'resource', uri: 'tasks://1' }]);
      await expect.poll(() => b.heard).toEqual(a.heard);
      b.bus.publish({ type: 'prompts' });
      await expect.poll(() => a.heard).toContainEqual({ type: 'prompts' });
      expect(a.heard).toHaveLength(3);
      expect(c.heard).toEqual([]);
    });

    test('ten thousand changes at once arrive joined, and none is lost', async () => {
      const [a, b] = [await startPod(carrier, 'many'), await startPod(carrier, 'many')];
      const uris = Array.from({ length: 900 }, (_, i) => `tasks://${i}`);
      for (let n = 0; n < 10_000; n += 1) a.bus.publish({ type: 'resource', uri: uris[n % 900] as string });
      await expect.poll(() => b.heard.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(900);
      expect(new Set(b.heard.map((event) => (event as { uri: string }).uri))).toEqual(new Set(uris));
      expect(b.heard.length).toBeLessThan(2_000);
    });

    test('what is too large or too much for a message becomes one event that stands for all', async () => {
      const [a, b] = [await startPod(carrier, 'large'), await startPod(carrier, 'large')];
      a.bus.publish({ type: 'resource', uri: `tasks://${'é'.repeat(8_000)}` });
      await expect.poll(() => b.heard).toEqual([{ type: 'all' }]);
      for (let n = 0; n < 5_000; n += 1) a.bus.publish({ type: 'resource', uri: `tasks://${n}` });
      await expect.poll(() => b.heard).toEqual([{ type: 'all' }, { type: 'all' }]);
    });

    test('after a gap everybody is told that everything may have changed, and hears the others again', async () => {
      const [a, b] = [await startPod(carrier, 'gap'), await startPod(carrier, 'gap')];
      await carrier.interrupt();
      const told = { timeout: 20_000 };
      await expect.poll(() => a.heard, told).toEqual([{ type: 'all' }]);
      await expect.poll(() => b.heard, told).toEqual([{ type: 'all' }]);
      await expect.poll(() => a.bus.ready() && b.bus.ready(), told).toBe(true);
      b.bus.publish({ type: 'tools' });
      await expect.poll(() => a.heard).toContainEqual({ type: 'tools' });
    });

    test('what was published just before a pod closes still reaches the others', async () => {
      const [a, b] = [await startPod(carrier, 'last'), await startPod(carrier, 'last')];
      a.bus.publish({ type: 'prompts' });
      await a.bus.close();
      await expect.poll(() => b.heard).toEqual([{ type: 'prompts' }]);
    });
  });
}

let urlFile: Promise<string> | undefined;
describeCarrier('PostgreSQL', 'missing' in postgres, {
  async open(name) {
    if ('missing' in postgres) throw new Error(postgres.missing);
    urlFile ??= postgres.urlFile();
    return openEventBus({ owner: name, log: silent, postgres: { urlFile: await urlFile } });
  },
  async interrupt() {
    if ('disconnectAll' in postgres) await postgres.disconnectAll();
  },
});

describeCarrier('Redis', 'missing' in redis, {
  async open(name) {
    if ('missing' in redis) throw new Error(redis.missing);
    const connection = openRedis({ urlFile: redis.urlFile, log: silent });
    const bus = await openEventBus({ owner: name, log: silent, redis: connection });
    return { ...bus, close: () => bus.close().then(() => connection.close()) };
  },
  async interrupt() {
    if ('missing' in redis) return;
    await redis.crash();
    await redis.restart();
  },
});
