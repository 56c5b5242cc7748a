/**
 * Connections to a real Redis: how they come back, and what they never say.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { silent } from '../store/databases.testing.ts';
import { createLog } from '../telemetry/log.ts';
import { startRedis } from './redis.testing.ts';
import { openRedis } from './redis.ts';

const server = await startRedis();
if ('missing' in server) console.warn(`skipped: ${server.missing}`);
const folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-redis-url-'));
afterAll(async () => {
  if ('stop' in server) await server.stop();
  await rm(folder, { recursive: true });
});

async function fileWith(text: string): Promise<string> {
  const file = join(folder, 'url');
  await writeFile(file, text);
  return file;
}

test.each(['', 'http://localhost', 'redis://:pass word@[', 'localhost:6379'])(
  'a file that holds %j is refused with the cure and without its content',
  async (text) => {
    const urlFile = await fileWith(text);
    expect(() => openRedis({ urlFile, log: silent })).toThrow(
      `redis.urlFile: ${urlFile} does not hold a URL of the form redis://:password@host:6379/0`,
    );
  },
);

test('a file that is not there is refused', () => {
  expect(() => openRedis({ urlFile: '/nowhere', log: silent })).toThrow(
    'redis.urlFile: /nowhere cannot be read (ENOENT)',
  );
});

describe.skipIf('missing' in server)('with a server', () => {
  const redis = server as Exclude<typeof server, { missing: string }>;

  test('a wrong password fails commands at once, says so once without it, and a corrected file is taken up', async () => {
    const right = await readFile(redis.urlFile, 'utf8');
    const urlFile = await fileWith(right.replace('only-for-tests', 'hunter2'));
    const lines: string[] = [];
    const log = createLog({ level: 'debug', destination: { write: (line: string) => void lines.push(line) } });
    const connection = openRedis({ urlFile, log });
    await expect.poll(() => lines.length, { timeout: 5_000 }).toBe(1);
    await expect(connection.commands.ping()).rejects.toThrow("Stream isn't writeable");
    expect(lines.join('')).toContain('Redis does not answer');
    await writeFile(urlFile, right);
    await expect.poll(() => connection.commands.ping().catch(() => 'down'), { timeout: 10_000 }).toBe('PONG');
    expect(lines).toHaveLength(2);
    expect(lines.join('')).not.toMatch(/hunter2|only-for-tests/);
    connection.close();
  });

  test('a server that hangs fails a command within half a second', async () => {
    const connection = openRedis({ urlFile: redis.urlFile, log: silent });
    await expect.poll(() => connection.commands.ping().catch(() => 'down')).toBe('PONG');
    redis.freeze();
    const start = performance.now();
    await expect(connection.commands.ping()).rejects.toThrow('timed out');
    expect(performance.now() - start).toBeLessThan(500);
    redis.resume();
    await expect.poll(() => connection.commands.ping().catch(() => 'down'), { timeout: 10_000 }).toBe('PONG');
    connection.close();
  });
});
