/**
 * A connection pool for PostgreSQL whose URL stands in a file, read again for each
 * new connection so that a changed Secret counts. Loaded only where it is used, and
 * the URL, which holds a password, never reaches an error or a log.
 */
import { readFileSync } from 'node:fs';
import { type Dialect, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import type { Logger } from 'pino';

const CONNECT_MS = 5_000;
const STATEMENT_MS = 10_000;
const IDLE_IN_TRANSACTION_MS = 30_000;
const IDLE_MS = 30_000;
const LIFETIME_S = 30 * 60;

export interface PostgresOptions {
  /** File whose whole content is the connection URL. */
  readonly urlFile: string;
  readonly poolSize: number;
  readonly log: Logger;
}

export function postgresDialect({ urlFile, poolSize, log }: PostgresOptions): Dialect {
  let url = readUrl(urlFile);
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    application_name: 'mcp-fleet',
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    idleTimeoutMillis: IDLE_MS,
    maxLifetimeSeconds: LIFETIME_S,
    keepAlive: true,
  });
  // The pool copies its options for each connection that it makes.
  Object.defineProperty(pool.options, 'connectionString', {
    enumerable: true,
    get: () => {
      try {
        url = readUrl(urlFile);
      } catch (error) {
        log.warn({ err: error }, 'using the database URL that was read before');
      }
      return url;
    },
  });
  pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection failed'));
  // A connection in use reports its loss twice: to the query under way, and by an event that would end the process.
  pool.on('connect', (client) =>
    client.on('error', (error) => log.debug({ err: error }, 'a database connection was lost')),
  );
  return new PostgresDialect({ pool });
}

/** Reads the URL; errors name the file, never its content. */
export function readUrl(urlFile: string): string {
  const text = readFileSync(urlFile, 'utf8').trim();
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text))
    throw new Error(
      `storage.urlFile: ${urlFile} does not hold a URL of the form postgres://user:password@host/database`,
    );
  return text;
}
