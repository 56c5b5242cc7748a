import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { expect, test } from 'vitest';
import { openDatabase } from './database.ts';
import { silent } from './databases.testing.ts';

const ROUNDS = 20;

/** Lets a writer run until it has acknowledged some rows, then a random moment more, and kills it. */
async function writeUntilKilled(path: string, first: number): Promise<readonly number[]> {
  const script = new URL('./durability.testing.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [script, path, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Most of a round would be the start of the process.
    env: { ...process.env, NODE_COMPILE_CACHE: join(path, '..', 'compiled') },
  });
  let output = '';
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), Math.random() * 40));
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(child, 'close');
  expect(child.signalCode).toBe('SIGKILL');
  return output.split('\n').slice(0, -1).map(Number);
}

test('a SQLite store that is killed at any moment has kept all that it acknowledged, and no half transaction', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-durability-'));
  const path = join(folder, 'store.db');
  const acknowledged = new Set<number>();
  try {
    for (let round = 0; round <= ROUNDS; round += 1) {
      const store = await openDatabase({ type: 'Embedded', path }, { log: silent });
      const database = store.database as unknown as Kysely<{ acknowledged: { number: number; half: string } }>;
      await sql`create table if not exists acknowledged (number integer, half text, primary key (number, half))`.execute(
        database,
      );
      const check = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(database);
      expect(check.rows).toEqual([{ integrity_check: 'ok' }]);
      const rows = await database
        .selectFrom('acknowledged')
        .select((row) => ['number', row.fn.countAll<number>().as('halves')])
        .groupBy('number')
        .execute();
      await store.close();
      expect(rows.filter(({ halves }) => halves !== 2)).toEqual([]);
      const kept = new Set(rows.map(({ number }) => number));
      expect([...acknowledged].filter((number) => !kept.has(number))).toEqual([]);
      if (round === ROUNDS) break;
      const first = Math.max(-1, ...kept) + 1;
      for (const number of await writeUntilKilled(path, first)) acknowledged.add(number);
    }
    expect(acknowledged.size).toBeGreaterThan(ROUNDS);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
