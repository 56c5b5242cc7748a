/**
 * Tokens that were taken back before their time, by id: in the store, so that every pod knows them, or in memory where
 * there is one pod and no store. An id is kept until its token would have expired anyway.
 */
import type { Kysely } from 'kysely';
import type { DialectName } from '../store/database.ts';
import { migrate } from '../store/migrate.ts';
import type { Migration } from '../store/migration.ts';

export interface Revocations {
  has(tokenId: string): Promise<boolean>;
  /** `expiresAt`: milliseconds since 1970. Throws where it could not be kept. */
  add(tokenId: string, expiresAt: number): Promise<void>;
}

/** Milliseconds since 1970. */
type Now = () => number;

export function memoryRevocations(now: Now): Revocations {
  const ids = new Map<string, number>();
  return {
    has: async (tokenId) => ids.has(tokenId),
    async add(tokenId, expiresAt) {
      const time = now();
      for (const [id, end] of ids) if (end < time) ids.delete(id);
      ids.set(tokenId, expiresAt);
    },
  };
}

interface Tables {
  auth_revocations: { token_id: string; expires_at: number };
}

const migrations: readonly Migration[] = [
  {
    name: '0001-revocations',
    async up(database) {
      await database.schema
        .createTable('auth_revocations')
        .addColumn('token_id', 'text', (column) => column.primaryKey())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
];

export interface Store {
  readonly database: Kysely<unknown>;
  readonly dialect: DialectName;
}

export async function storedRevocations({ database, dialect }: Store, now: Now): Promise<Revocations> {
  await migrate(database, dialect, 'auth', migrations);
  const tables = database as unknown as Kysely<Tables>;
  return {
    async has(tokenId) {
      const rows = tables.selectFrom('auth_revocations').select('token_id').where('token_id', '=', tokenId);
      return (await rows.executeTakeFirst()) !== undefined;
    },
    async add(tokenId, expiresAt) {
      await tables.deleteFrom('auth_revocations').where('expires_at', '<', now()).execute();
      await tables
        .insertInto('auth_revocations')
        .values({ token_id: tokenId, expires_at: Math.ceil(expiresAt) })
        .onConflict((conflict) => conflict.column('token_id').doNothing())
        .execute();
    },
  };
}
