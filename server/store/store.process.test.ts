import { readFile, writeFile } from 'node:fs/promises';
import { type Kysely, sql } from 'kysely';
import { expect, test } from 'vitest';
import { ToolError } from '../toolsets/toolset.ts';
import { dialectOf, openDatabase } from './database.ts';
import { describeDatabases, silent } from './databases.testing.ts';
import { idempotently, KEPT_MS, type Write } from './idempotency.ts';
import { migrate } from './migrate.ts';
import type { Migration } from './migration.ts';

interface Tables {
  notes: { id: number; text: string };
}

const notes: Migration = {
  name: '0001-notes',
  up: async (database) => {
    await database.schema
      .createTable('notes')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('text', 'text', (column) => column.notNull())
      .execute();
  },
};
const author: Migration = {
  name: '0002-author',
  up: async (database) => {
    await database.schema.alterTable('notes').addColumn('author', 'text').execute();
  },
};

function add(database: Kysely<Tables>, id: number) {
  return database
    .insertInto('notes')
    .values({ id, text: `note ${id}` })
    .execute();
}

async function ids(database: Kysely<Tables>): Promise<readonly number[]> {
  return (await database.selectFrom('notes').select('id').orderBy('id').execute()).map((row) => row.id);
}

await describeDatabases((databases, dialect) => {
  async function openNotes() {
    const { database } = await databases.open();
    await migrate(database, dialect, 'notes', [notes]);
    return database as unknown as Kysely<Tables>;
  }

  test('a store says which database it is and that it answers', async () => {
    const store = await databases.open();
    expect(store.dialect).toBe(dialect);
    expect(dialectOf(store.database)).toBe(dialect);
    expect(await store.ready()).toBe(true);
  });

  test('a closed store does not answer', async () => {
    const store = await openDatabase(await databases.storage(), { log: silent });
    await store.ready();
    await store.close();
    expect(await store.ready()).toBe(false);
  });

  test('each step of a schema runs once, also when eight servers start at the same time', async () => {
    const storage = await databases.storage();
    const servers = await Promise.all(Array.from({ length: 8 }, () => databases.open(storage)));
    await Promise.all(servers.map(({ database }) => migrate(database, dialect, 'notes', [notes, author])));
    const rows = await sql<{ toolset: string; name: string }>`
      select toolset, name from schema_migrations order by toolset, name`.execute(servers[0]!.database);
    expect(rows.rows).toEqual([
      { toolset: 'notes', name: '0001-notes' },
      { toolset: 'notes', name: '0002-author' },
      { toolset: 'store', name: '0001-idempotency-keys' },
    ]);
  });

  test('a later version adds its steps, and the earlier one refuses the store then', async () => {
    const { database } = await databases.open();
    await migrate(database, dialect, 'notes', [notes]);
    await migrate(database, dialect, 'notes', [notes, author]);
    await sql`insert into notes (id, text, author) values (1, 'a', 'b')`.execute(database);
    await expect(migrate(database, dialect, 'notes', [notes])).rejects.toThrow(
      'migrated by a newer version: this one does not know step 0002-author of notes',
    );
  });

  test('a step that fails leaves the schema as it was', async () => {
    const { database } = await databases.open();
    const broken: Migration = {
      name: '0002-broken',
      up: async (inner) => {
        await author.up(inner, dialect);
        throw new Error('half way');
      },
    };
    await migrate(database, dialect, 'notes', [notes]);
    await expect(migrate(database, dialect, 'notes', [notes, broken])).rejects.toThrow('half way');
    await migrate(database, dialect, 'notes', [notes, author]);
  });

  test('a transaction that throws writes nothing, and those beside it do', async () => {
    const database = await openNotes();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 30 }, (_, index) =>
        database.transaction().execute(async (transaction) => {
          await add(transaction, index);
          if (index % 3 === 0) throw new Error('no');
          await transaction.updateTable('notes').set({ text: 'kept' }).where('id', '=', index).execute();
        }),
      ),
    );
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(10);
    expect(await ids(database)).toEqual(Array.from({ length: 30 }, (_, index) => index).filter((i) => i % 3 !== 0));
  });

  test('a statement that fails takes nothing with it', async () => {
    const database = await openNotes();
    const outcomes = await Promise.allSettled([add(database, 1), add(database, 1), add(database, 2)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await ids(database)).toEqual([1, 2]);
  });

  const write = (changes: Partial<Write> = {}): Write => ({
    caller: 'ann',
    tool: 'add_note',
    key: 'k1',
    arguments: { id: 1, text: 'x' },
    now: new Date('2030-01-01T00:00:00Z'),
    ...changes,
  });

  function addOnce(database: Kysely<Tables>, request: Write, id: number) {
    return idempotently(database, request, async (transaction) => {
      await add(transaction, id);
      return { id };
    });
  }

  test('the same key with the same arguments gives the first answer again, in any order of the arguments', async () => {
    const database = await openNotes();
    expect(await addOnce(database, write(), 1)).toEqual({ id: 1 });
    expect(await addOnce(database, write({ arguments: { text: 'x', id: 1 } }), 2)).toEqual({ id: 1 });
    expect(await ids(database)).toEqual([1]);
  });

  test('twenty calls with one key at the same time write once', async () => {
    const database = await openNotes();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => addOnce(database, write(), index)));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(await ids(database)).toHaveLength(1);
  });

  test('the same key with other arguments is refused and writes nothing', async () => {
    const database = await openNotes();
    await addOnce(database, write(), 1);
    const second = addOnce(database, write({ arguments: { id: 2 } }), 2);
    await expect(second).rejects.toThrow(ToolError);
    await expect(second).rejects.toThrow('idempotency_key "k1" was already used for a call of add_note');
    expect(await ids(database)).toEqual([1]);
  });

  test('a key counts for one caller and one tool, and not without a key', async () => {
    const database = await openNotes();
    await addOnce(database, write(), 1);
    await addOnce(database, write({ caller: 'bob' }), 2);
    await addOnce(database, write({ tool: 'copy_note' }), 3);
    await addOnce(database, write({ key: undefined }), 4);
    await addOnce(database, write({ key: undefined }), 5);
    expect(await ids(database)).toEqual([1, 2, 3, 4, 5]);
  });

  test('a write that failed may be tried again with its key', async () => {
    const database = await openNotes();
    const failing = idempotently(database, write(), () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(await addOnce(database, write(), 1)).toEqual({ id: 1 });
  });

  test('a key is forgotten after a day, and old keys are cleared away by later writes', async () => {
    const database = await openNotes();
    const first = write();
    await addOnce(database, first, 1);
    await addOnce(database, write({ key: 'k2' }), 2);
    const later = new Date(first.now.getTime() + KEPT_MS);
    expect(await addOnce(database, write({ now: later }), 3)).toEqual({ id: 3 });
    const kept = await sql<{ key: string }>`select key from idempotency_keys`.execute(database);
    expect(kept.rows).toEqual([{ key: 'k1' }]);
  });

  if (dialect === 'sqlite') return;

  test('a password that changes in the file counts for the next connection', async () => {
    const admin = await databases.open();
    await sql`create role rotating login password 'first'`.execute(admin.database);
    const urlFile = await databases.postgres().urlFile();
    const url = await readFile(urlFile, 'utf8');
    const write = (password: string) => writeFile(urlFile, url.replace(/\/\/[^@]+@/, `//rotating:${password}@`));
    await write('first');
    const store = await databases.open({ type: 'Postgres', urlFile, poolSize: 2 });
    expect(await store.ready()).toBe(true);
    await sql`alter role rotating password 'second'`.execute(admin.database);
    await databases.postgres().disconnectAll();
    await expect.poll(() => store.ready()).toBe(false);
    await write('second');
    await expect.poll(() => store.ready()).toBe(true);
  });

  test('a server that drops its connections costs the calls under way, and no later one', async () => {
    const store = await databases.open();
    await migrate(store.database, dialect, 'notes', [notes]);
    const database = store.database as unknown as Kysely<Tables>;
    const inside = Promise.withResolvers<void>();
    const dropped = Promise.withResolvers<void>();
    const call = database.transaction().execute(async (transaction) => {
      await add(transaction, 1);
      inside.resolve();
      await dropped.promise;
      await add(transaction, 2);
    });
    await inside.promise;
    await databases.postgres().disconnectAll();
    dropped.resolve();
    await expect(call).rejects.toThrow(/connection|terminat/i);
    await expect.poll(() => store.ready()).toBe(true);
    await add(database, 3);
    expect(await ids(database)).toEqual([3]);
  });
});
