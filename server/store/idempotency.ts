/**
 * Writes that a client may repeat: under the same key and the same arguments it gets
 * the first answer again, and nothing is written twice. The key is kept in the
 * transaction of the write, so neither exists without the other.
 */
import { createHash } from 'node:crypto';
import { type ExpressionBuilder, type Kysely, sql, type Transaction } from 'kysely';
import { canonicalJson } from '../canonical-json.ts';
import { ToolError } from '../toolsets/toolset.ts';
import { dialectOf } from './database.ts';
import type { Migration } from './migration.ts';

/** How long an answer is kept, in milliseconds. */
export const KEPT_MS = 24 * 60 * 60 * 1000;
/** Expired keys that one write clears away; more than it adds. */
const CLEARED = 8;

interface Tables {
  idempotency_keys: {
    caller: string;
    tool: string;
    key: string;
    arguments_hash: string;
    answer: string;
    created_at: string;
  };
}

export const idempotencyMigrations: readonly Migration[] = [
  {
    name: '0001-idempotency-keys',
    up: async (database) => {
      await database.schema
        .createTable('idempotency_keys')
        .addColumn('caller', 'text', (column) => column.notNull())
        .addColumn('tool', 'text', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('arguments_hash', 'text', (column) => column.notNull())
        .addColumn('answer', 'text', (column) => column.notNull())
        .addColumn('created_at', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('idempotency_keys_key', ['caller', 'tool', 'key'])
        .execute();
      await database.schema
        .createIndex('idempotency_keys_created_at')
        .on('idempotency_keys')
        .column('created_at')
        .execute();
    },
  },
];

export interface Write {
  readonly caller: string;
  readonly tool: string;
  /** Without a key the write simply runs. */
  readonly key: string | undefined;
  /** All arguments but the key itself. */
  readonly arguments: unknown;
  readonly now: Date;
}

/**
 * Runs `work` in one transaction, at most once per caller, tool and key within 24 hours.
 * `work` must return plain JSON. Throws a ToolError where the key stands for other arguments.
 */
export async function idempotently<DB, Result>(
  database: Kysely<DB>,
  write: Write,
  work: (transaction: Transaction<DB>) => Promise<Result>,
): Promise<Result> {
  return database.transaction().execute(async (transaction) => {
    if (write.key === undefined) return work(transaction);
    const tables = transaction as unknown as Transaction<Tables>;
    const earlier = await claim(tables, write, write.key);
    if (earlier !== undefined) return JSON.parse(earlier) as Result;
    const result = await work(transaction);
    await tables
      .updateTable('idempotency_keys')
      .set({ answer: JSON.stringify(result) })
      .where(keyOf(write, write.key))
      .execute();
    return result;
  });
}

/** Takes the key for this write, or gives the answer that it stands for. A second taker waits for the first to commit. */
async function claim(tables: Transaction<Tables>, write: Write, key: string): Promise<string | undefined> {
  await clear(tables, write, key);
  const arguments_hash = hash(write.arguments);
  const { caller, tool, now } = write;
  const taken = await tables
    .insertInto('idempotency_keys')
    .values({ caller, tool, key, arguments_hash, answer: '', created_at: now.toISOString() })
    .onConflict((conflict) => conflict.columns(['caller', 'tool', 'key']).doNothing())
    .returning('key')
    .executeTakeFirst();
  if (taken) return undefined;
  const row = await tables
    .selectFrom('idempotency_keys')
    .select(['arguments_hash', 'answer'])
    .where(keyOf(write, key))
    .executeTakeFirstOrThrow();
  if (row.arguments_hash !== arguments_hash)
    throw new ToolError(
      `idempotency_key "${key}" was already used for a call of ${tool} with other arguments. Use a new key for a new call.`,
    );
  return row.answer;
}

/** Removes this key if it has expired, and a few others; those that another pod is clearing are left to it. */
async function clear(tables: Transaction<Tables>, write: Write, key: string): Promise<void> {
  const cutoff = new Date(write.now.getTime() - KEPT_MS).toISOString();
  await tables.deleteFrom('idempotency_keys').where(keyOf(write, key)).where('created_at', '<=', cutoff).execute();
  const skip = dialectOf(tables) === 'postgres' ? sql`for update skip locked` : sql``;
  await sql`delete from idempotency_keys where (caller, tool, key) in (
    select caller, tool, key from idempotency_keys where created_at <= ${cutoff} order by created_at limit ${CLEARED} ${skip}
  )`.execute(tables);
}

function keyOf({ caller, tool }: Write, key: string) {
  return (row: ExpressionBuilder<Tables, 'idempotency_keys'>) => row.and({ caller, tool, key });
}

function hash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('base64url');
}
