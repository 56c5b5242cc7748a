/**
 * Kysely dialect for SQLite over `node:sqlite`, with group commit: every transaction
 * of one turn of the event loop becomes a savepoint of one real transaction, so that
 * one fsync makes them all durable. Nothing that was read or written in a group
 * reaches its caller before the group is on disk. Must not know any table.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';

const STATEMENTS = 256;
const SAVEPOINT = 'grouped';
const SQLITE_BUSY = 5;
/** How long a transaction waits for another process that writes, and how often it looks. */
const BUSY_MS = 5_000;
const RETRY_MS = 5;

/** Transactions that are committed together. `durable` settles when they are on disk, or are all undone. */
interface Group {
  readonly durable: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The driver has its own lock, because a transaction gives it up before its group is on disk. */
class GroupingAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

export function sqliteDialect(open: () => DatabaseSync): Dialect {
  return {
    createAdapter: () => new GroupingAdapter(),
    createDriver: () => new SqliteDriver(open),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class SqliteDriver implements Driver {
  readonly #open: () => DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #waiting: (() => void)[] = [];
  #database: DatabaseSync | undefined;
  #locked = false;
  #group: Group | undefined;

  constructor(open: () => DatabaseSync) {
    this.#open = open;
  }

  async init(): Promise<void> {
    this.#database = this.#open();
  }

  async acquireConnection(): Promise<SqliteConnection> {
    return new SqliteConnection(this);
  }

  async releaseConnection(): Promise<void> {
    // A connection holds nothing between its statements.
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await this.#lock();
    try {
      const group = await this.#currentGroup();
      this.#db().exec(`savepoint ${SAVEPOINT}`);
      (connection as SqliteConnection).group = group;
    } catch (error) {
      this.#unlock();
      throw error;
    }
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const group = this.#end(connection as SqliteConnection, `release ${SAVEPOINT}`);
    await group.durable;
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // After a failed commit there is nothing left to undo.
    const own = connection as SqliteConnection;
    if (own.group === undefined) return;
    if (own.group === this.#group) this.#end(own, `rollback to ${SAVEPOINT}; release ${SAVEPOINT}`);
    else {
      own.group = undefined;
      this.#unlock();
    }
  }

  async destroy(): Promise<void> {
    await this.#lock();
    if (this.#group) this.#commit(this.#group);
    this.#statements.clear();
    this.#database?.close();
    this.#database = undefined;
    this.#unlock();
  }

  /** Runs one statement: inside the connection's transaction, or else as a transaction of its own. */
  async execute<R>(connection: SqliteConnection, query: CompiledQuery): Promise<QueryResult<R>> {
    if (connection.group !== undefined) {
      if (connection.group !== this.#group) throw new Error('the transaction was rolled back by the database');
      return this.#run<R>(query);
    }
    await this.#lock();
    let result: QueryResult<R>;
    let group: Group | undefined;
    try {
      group = isRead(query) ? this.#group : await this.#currentGroup();
      result = this.#run<R>(query);
    } finally {
      this.#unlock();
    }
    // A reader too waits for the writers whose rows it may have seen.
    await group?.durable;
    return result;
  }

  #run<R>({ sql, parameters }: CompiledQuery): QueryResult<R> {
    try {
      const statement = this.#prepared(sql);
      const values = parameters as readonly SQLInputValue[];
      if (statement.columns().length > 0) return { rows: statement.all(...values) as R[] };
      const { changes, lastInsertRowid } = statement.run(...values);
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
    } catch (error) {
      // A full disk and the like make SQLite undo the whole transaction, with all that is in the group.
      if (this.#group && !this.#db().isTransaction) {
        this.#group.reject(error);
        this.#group = undefined;
      }
      throw error;
    }
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement) this.#statements.delete(sql);
    else statement = this.#db().prepare(sql);
    this.#statements.set(sql, statement);
    if (this.#statements.size > STATEMENTS) {
      const [oldest] = this.#statements.keys();
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    return statement;
  }

  /** The group that is open, or a new one. Called under the lock. */
  async #currentGroup(): Promise<Group> {
    if (this.#group) return this.#group;
    await this.#begin();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Those who take part await it; a group without them may fail unseen.
    promise.catch(() => undefined);
    const group = { durable: promise, resolve, reject };
    this.#group = group;
    setImmediate(() => void this.#flush(group));
    return group;
  }

  async #begin(): Promise<void> {
    const end = performance.now() + BUSY_MS;
    for (;;) {
      try {
        this.#db().exec('begin immediate');
        return;
      } catch (error) {
        const busy = error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
        if (!busy || performance.now() > end) throw error;
        await sleep(RETRY_MS);
      }
    }
  }

  /** Commits the group as soon as no transaction is half way. */
  async #flush(group: Group): Promise<void> {
    await this.#lock('first');
    try {
      if (this.#group === group) this.#commit(group);
    } finally {
      this.#unlock();
    }
  }

  #commit(group: Group): void {
    this.#group = undefined;
    try {
      this.#db().exec('commit');
      group.resolve();
    } catch (error) {
      if (this.#db().isTransaction) this.#db().exec('rollback');
      group.reject(error);
    }
  }

  /** Ends a connection's savepoint and lets the next transaction in. */
  #end(connection: SqliteConnection, sql: string): Group {
    const group = connection.group;
    connection.group = undefined;
    try {
      if (!group || group !== this.#group) throw new Error('the transaction was rolled back by the database');
      this.#db().exec(sql);
      return group;
    } finally {
      this.#unlock();
    }
  }

  #db(): DatabaseSync {
    if (!this.#database) throw new Error('the database is closed');
    return this.#database;
  }

  #lock(place: 'first' | 'last' = 'last'): Promise<void> {
    if (!this.#locked) {
      this.#locked = true;
      return Promise.resolve();
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    if (place === 'first') this.#waiting.unshift(resolve);
    else this.#waiting.push(resolve);
    return promise;
  }

  #unlock(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#locked = false;
  }
}

/** Statements that begin so cannot write; others may, and are taken for writes. */
function isRead({ query, sql }: CompiledQuery): boolean {
  return query.kind === 'SelectQueryNode' || /^\s*select\b/i.test(sql);
}

class SqliteConnection implements DatabaseConnection {
  readonly #driver: SqliteDriver;
  /** Set while this connection is inside a transaction. */
  group: Group | undefined;

  constructor(driver: SqliteDriver) {
    this.#driver = driver;
  }

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.#driver.execute<R>(this, query);
  }

  // oxlint-disable-next-line require-yield
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('SQLite queries are not streamed: read page by page');
  }
}
