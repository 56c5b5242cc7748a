/**
 * Brings a store's schema up to what the code knows. Many pods may start at once:
 * one migrates, the others wait and find it done. A store that a newer version has
 * migrated is refused, because this code cannot know what its tables mean.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DialectName } from './database.ts';
import { idempotencyMigrations } from './idempotency.ts';
import type { Migration } from './migration.ts';

/** A number that nobody else locks: the bytes of "mcpfleet". */
const LOCK = '7882267358036059508';
const WAIT_MS = 120_000;

interface Tables {
  schema_migrations: { toolset: string; name: string; applied_at: string };
}

/** The store's own tables, that every toolset may use, come first. */
const OWN = { toolset: 'store', migrations: idempotencyMigrations } as const;

/** Applies what is missing of `migrations`, all or nothing. */
export async function migrate(
  database: Kysely<unknown>,
  dialect: DialectName,
  toolset: string,
  migrations: readonly Migration[],
): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    if (dialect === 'postgres') await lock(transaction);
    const tables = transaction as unknown as Transaction<Tables>;
    await tables.schema
      .createTable('schema_migrations')
      .ifNotExists()
      .addColumn('toolset', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('applied_at', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('schema_migrations_key', ['toolset', 'name'])
      .execute();
    await apply(tables, dialect, OWN.toolset, OWN.migrations);
    await apply(tables, dialect, toolset, migrations);
  });
}

async function apply(
  transaction: Transaction<Tables>,
  dialect: DialectName,
  toolset: string,
  migrations: readonly Migration[],
): Promise<void> {
  const rows = await transaction
    .selectFrom('schema_migrations')
    .select('name')
    .where('toolset', '=', toolset)
    .execute();
  const applied = new Set(rows.map(({ name }) => name));
  for (const name of applied)
    if (!migrations.some((migration) => migration.name === name))
      throw new Error(
        `The store was migrated by a newer version: this one does not know step ${name} of ${toolset}. Run that version or a later one, or restore a backup.`,
      );
  for (const migration of [...migrations].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (applied.has(migration.name)) continue;
    await migration.up(transaction as unknown as Transaction<unknown>, dialect);
    await transaction
      .insertInto('schema_migrations')
      .values({ toolset, name: migration.name, applied_at: new Date().toISOString() })
      .execute();
  }
}

/** Held until the transaction ends; the first of many pods works while the others wait here. */
async function lock(transaction: Transaction<unknown>): Promise<void> {
  await sql.raw(`set local statement_timeout = ${WAIT_MS}`).execute(transaction);
  await sql.raw(`select pg_advisory_xact_lock(${LOCK})`).execute(transaction);
}
