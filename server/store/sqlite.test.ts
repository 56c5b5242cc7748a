import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Kysely, sql } from 'kysely';
import { expect, test } from 'vitest';
import { openDatabase } from './database.ts';
import { silent } from './databases.testing.ts';

interface Tables {
  notes: { id: number; text: string };
}

async function openNotes(path: string) {
  const store = await openDatabase({ type: 'Embedded', path }, { log: silent });
  await sql`create table notes (id integer primary key, text text not null)`.execute(store.database);
  return { store, database: store.database as unknown as Kysely<Tables> };
}

const add = (database: Kysely<Tables>, id: number, text = '') =>
  database.insertInto('notes').values({ id, text }).execute();

async function ids(database: Kysely<Tables>): Promise<readonly number[]> {
  return (await database.selectFrom('notes').select('id').orderBy('id').execute()).map((row) => row.id);
}

test('a full disk fails the writes it meets, all of them, and the store goes on when there is room', async () => {
  const { store, database } = await openNotes(':memory:');
  const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(database);
  const pages = async (count: number) => sql.raw(`pragma max_page_count = ${count}`).execute(database);
  await pages((rows[0]?.page_count ?? 0) + 4);
  const text = 'x'.repeat(3_000);
  const writes = Array.from({ length: 20 }, (_, id) =>
    database.transaction().execute((transaction) => add(transaction, id, text)),
  );
  const outcomes = await Promise.allSettled(writes);
  const acknowledged = outcomes.flatMap(({ status }, id) => (status === 'fulfilled' ? [id] : []));
  expect(acknowledged.length).toBeLessThan(20);
  expect(await ids(database)).toEqual(acknowledged);
  await pages(1_000_000);
  await add(database, 100);
  expect(await ids(database)).toEqual([...acknowledged, 100]);
  await store.close();
});

test('writes of one moment share a sync, and nobody is told of a row before it is on disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-group-'));
  const path = join(folder, 'store.db');
  const { store, database } = await openNotes(path);
  const outside = new DatabaseSync(path);
  const checkpoint = outside.prepare('pragma wal_checkpoint(restart)');
  const onDisk = outside.prepare('select count(*) as rows from notes');
  try {
    checkpoint.get();
    const wrong: string[] = [];
    const expectOnDisk = (who: string, rows: number) => {
      if (Number(onDisk.get()?.['rows']) < rows) wrong.push(who);
    };
    const write = async (id: number) => {
      await (id % 2 === 0 ? add(database, id) : database.transaction().execute((inner) => add(inner, id)));
      expectOnDisk(`writer ${id}`, 1);
    };
    const read = async (id: number) => expectOnDisk(`reader ${id}`, (await ids(database)).length);
    await Promise.all(Array.from({ length: 500 }, (_, id) => [write(id), read(id)]).flat());
    expect(wrong).toEqual([]);
    expect(await ids(database)).toHaveLength(500);
    // Each commit appends at least one frame to the log.
    expect(Number(checkpoint.get()?.['log'])).toBeLessThan(100);
  } finally {
    outside.close();
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
});
