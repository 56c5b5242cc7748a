/**
 * Events between pods over real servers: who hears what, and what happens when the connection between them goes.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { startRedis } from '../redis/redis.testing.ts';
import { type OpenRedis, openRedis } from '../redis/redis.ts';
import { silent } from '../store/databases.testing.ts';
import { startPostgres } from '../store/postgres.testing.ts';
import { createLog } from '../telemetry/log.ts';
import type { EventBus, ServerEvent } from './event.ts';
import { openEventBus } from './open.ts';

interface Pod {
  readonly bus: EventBus;
  readonly heard: ServerEvent[];
}

interface Carrier {
  open(name: string, probeMs?: number): Promise<EventBus>;
  /** Breaks every connection. */
  interrupt(): Promise<void>;
  /** Stops the other end of each connection from answering, until the function given back is called. */
  freeze(): Promise<() => void>;
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

async function startPod(carrier: Carrier, name: string, probeMs?: number): Promise<Pod> {
  const bus = await carrier.open(name, probeMs);
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

    test('a connection that dies without a word is noticed and made again', async () => {
      const { bus, heard } = await startPod(carrier, 'silence', 50);
      const resume = await carrier.freeze();
      await expect.poll(() => !bus.ready() || heard.length > 0, { timeout: 10_000 }).toBe(true);
      resume();
      await expect.poll(() => heard, { timeout: 10_000 }).toEqual([{ type: 'all' }]);
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
  async open(name, probeMs) {
    if ('missing' in postgres) throw new Error(postgres.missing);
    urlFile ??= postgres.urlFile();
    return openEventBus({ server: name, log: silent, postgres: { urlFile: await urlFile }, probeMs });
  },
  async interrupt() {
    if ('disconnectAll' in postgres) await postgres.disconnectAll();
  },
  async freeze() {
    if ('missing' in postgres) throw new Error(postgres.missing);
    return postgres.freeze();
  },
});

describeCarrier('Redis', 'missing' in redis, {
  async open(name, probeMs) {
    if ('missing' in redis) throw new Error(redis.missing);
    const connection = openRedis({ urlFile: redis.urlFile, log: silent });
    const bus = await openEventBus({ server: name, log: silent, redis: connection, probeMs });
    return { ...bus, close: () => bus.close().then(() => connection.close()) };
  },
  async interrupt() {
    if ('missing' in redis) return;
    await redis.crash();
    await redis.restart();
  },
  async freeze() {
    if ('missing' in redis) throw new Error(redis.missing);
    redis.freeze();
    return () => redis.resume();
  },
});

describe.skipIf('missing' in redis)('a pod whose account of Redis may not publish', () => {
  test('says so once, without a secret, and is not ready until it may', async () => {
    if ('missing' in redis) throw new Error(redis.missing);
    const admin = openRedis({ urlFile: redis.urlFile, log: silent });
    await expect.poll(() => admin.commands.status).toBe('ready');
    await admin.commands.call('ACL', 'SETUSER', 'pod', 'on', '>hunter2', '~*', '&*', '+@all', '-publish');
    const folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-events-'));
    const urlFile = join(folder, 'url');
    const right = await readFile(redis.urlFile, 'utf8');
    await writeFile(urlFile, right.replace('//:only-for-tests', '//pod:hunter2'));
    const lines: string[] = [];
    const log = createLog({ level: 'info', destination: { write: (line: string) => void lines.push(line) } });
    const connection = openRedis({ urlFile, log });
    const bus = await openEventBus({ server: 'mute', log, redis: connection });
    await expect.poll(() => bus.ready()).toBe(true);
    bus.publish({ type: 'resource', uri: 'tasks://private' });
    await expect.poll(() => bus.ready()).toBe(false);
    bus.publish({ type: 'tools' });
    await expect.poll(() => refusedAt(admin), { timeout: 5_000 }).toBeGreaterThan(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('events do not reach the other pods');
    expect(lines[0]).toContain('NOPERM');
    expect(lines[0]).not.toMatch(/hunter2|private/);
    await admin.commands.call('ACL', 'SETUSER', 'pod', '+publish');
    await expect.poll(() => bus.ready(), { timeout: 5_000 }).toBe(true);
    expect(lines[1]).toContain('events reach the other pods again');
    await bus.close();
    connection.close();
    admin.close();
    await rm(folder, { recursive: true });
  });
});

/** Commands that the server did not allow. */
async function refusedAt({ commands }: OpenRedis): Promise<number> {
  return Number(/errorstat_NOPERM:count=(\d+)/.exec(await commands.info('errorstats'))?.[1] ?? 0);
}
