/**
 * Opens the store that the configuration names: an embedded SQLite file for one pod,
 * or PostgreSQL for any number of them. What lies in it belongs to the toolsets.
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, PostgresAdapter, sql } from 'kysely';
import type { Logger } from 'pino';
import type { ServerConfig } from '../config.ts';
import { sqliteDialect } from './sqlite.ts';

/** Short, because SQLite waits without letting anything else run; the driver waits longer, between its attempts. */
const BUSY_MS = 20;
const JOURNAL_BYTES = 64 * 1024 * 1024;
const READY_MS = 2_000;

export type DialectName = 'sqlite' | 'postgres';

export interface OpenDatabase {
  readonly database: Kysely<unknown>;
  readonly dialect: DialectName;
  /** Whether the store answers a query now, asked at most two seconds. */
  ready(): Promise<boolean>;
  /** Ends all connections; what was acknowledged is on disk already. */
  close(): Promise<void>;
}

/** Opens it without connecting yet, except that a SQLite file is created. Throws where the path or the URL cannot be right. */
export async function openDatabase(
  storage: ServerConfig['storage'],
  { log }: { readonly log: Logger },
): Promise<OpenDatabase> {
  const database = new Kysely<unknown>({ dialect: await openDialect(storage, log), log: [] });
  return {
    database,
    dialect: dialectOf(database),
    ready: () => answers(database, log),
    close: () => database.destroy(),
  };
}

/** Which of the two databases stands behind a query builder. */
export function dialectOf(database: Pick<Kysely<unknown>, 'getExecutor'>): DialectName {
  return database.getExecutor().adapter instanceof PostgresAdapter ? 'postgres' : 'sqlite';
}

async function openDialect(storage: ServerConfig['storage'], log: Logger) {
  if (storage.type === 'Embedded') {
    const file = openFile(storage.path);
    return sqliteDialect(() => file);
  }
  const { postgresDialect } = await import('./postgres.ts');
  return postgresDialect({ urlFile: storage.urlFile, poolSize: storage.poolSize, log });
}

/** A transaction is on disk when its commit returns: write-ahead log, synced at each commit. */
function openFile(path: string): DatabaseSync {
  if (path !== ':memory:') {
    mkdirSync(dirname(path), { recursive: true });
    // Tasks are nobody else's business; the group may read, for volumes that belong to a pod's fsGroup.
    closeSync(openSync(path, 'a', 0o660));
  }
  const file = new DatabaseSync(path, { timeout: BUSY_MS, enableForeignKeyConstraints: true });
  file.exec('pragma journal_mode = wal');
  file.exec('pragma synchronous = full');
  file.exec('pragma trusted_schema = off');
  file.exec(`pragma journal_size_limit = ${JOURNAL_BYTES}`);
  return file;
}

async function answers(database: Kysely<unknown>, log: Logger): Promise<boolean> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('no answer in time')), READY_MS);
  try {
    await Promise.race([sql`select 1`.execute(database), late.promise]);
    return true;
  } catch (error) {
    log.warn({ err: error }, 'the store does not answer');
    return false;
  } finally {
    clearTimeout(timer);
  }
}
