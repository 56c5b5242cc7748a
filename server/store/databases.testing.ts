/**
 * Runs the same tests against both databases: SQLite in a fresh file and a real
 * PostgreSQL. For tests only.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { afterAll, beforeAll, describe } from 'vitest';
import type { ServerConfig } from '../config.ts';
import { type DialectName, type OpenDatabase, openDatabase } from './database.ts';
import { startPostgres, type TestPostgres } from './postgres.testing.ts';

const STOP_MS = 20_000;

export const silent: Logger = pino({ level: 'silent' });

export interface TestDatabases {
  /** Settings of a store that nobody has used yet. */
  storage(): Promise<ServerConfig['storage']>;
  /** An open store; closed after the tests. */
  open(storage?: ServerConfig['storage']): Promise<OpenDatabase>;
  /** The server; only with PostgreSQL. */
  postgres(): TestPostgres;
}

/** Registers `tests` once for each database. Where PostgreSQL cannot run its group is skipped, and says why. */
export async function describeDatabases(
  tests: (databases: TestDatabases, dialect: DialectName) => void,
): Promise<void> {
  describe('on SQLite', () => {
    const opened = closing();
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-store-'));
    });
    afterAll(async () => {
      await opened.closeAll();
      await rm(folder, { recursive: true, force: true });
    });
    let files = 0;
    const storage = async () => ({ type: 'Embedded', path: join(folder, `${(files += 1)}.db`) }) as const;
    const postgres = () => {
      throw new Error('this is SQLite');
    };
    tests({ storage, open: async (given) => opened.open(given ?? (await storage())), postgres }, 'sqlite');
  });

  const started = await startPostgres();
  const missing = 'missing' in started ? started.missing : undefined;
  if (missing !== undefined) console.warn(`skipped on PostgreSQL: ${missing}`);
  describe.skipIf(missing !== undefined)('on PostgreSQL', () => {
    const opened = closing();
    const postgres = () => {
      if ('missing' in started) throw new Error(started.missing);
      return started;
    };
    afterAll(async () => {
      await opened.closeAll();
      await postgres().stop();
    }, STOP_MS);
    const storage = async () =>
      ({
        type: 'Postgres',
        urlFile: await postgres().urlFile(),
        poolSize: 10,
      }) as const satisfies ServerConfig['storage'];
    tests({ storage, open: async (given) => opened.open(given ?? (await storage())), postgres }, 'postgres');
  });
}

function closing() {
  const all: OpenDatabase[] = [];
  return {
    async open(storage: ServerConfig['storage']): Promise<OpenDatabase> {
      const database = await openDatabase(storage, { log: silent });
      all.push(database);
      return database;
    },
    closeAll: () => Promise.all(all.map((database) => database.close())),
  };
}
