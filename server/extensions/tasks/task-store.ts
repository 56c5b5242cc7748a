/**
 * Tasks in the database that all pods share. Whoever asks sees what is committed; an ended task never changes again;
 * one whose process is silent for longer than its lease has failed. Must not know what runs or how clients ask.
 */
import { type ExpressionBuilder, type Kysely, sql, type Transaction } from 'kysely';
import type { Answers, Question } from '../../protocol/request.ts';
import { INTERNAL_ERROR, INVALID_PARAMS, RpcError } from '../../protocol/rpc-error.ts';
import { dialectOf } from '../../store/database.ts';
import type { Status, TaskRow, TaskTables } from './tables.ts';

type Responses = NonNullable<Answers['inputResponses']>;

export interface TaskStoreOptions {
  readonly database: Kysely<TaskTables>;
  readonly now: () => Date;
  /** How long a process may be silent, in milliseconds; clocks of pods must differ by less. */
  readonly leaseMs: number;
  /** How long a task can be asked for after it was made, in milliseconds. */
  readonly ttlMs: number;
  /** Told of each task whose state is another now, when that is committed. */
  readonly changed: (id: string) => void;
}

/** How a task ended. */
export type Ending =
  | { readonly status: 'completed'; readonly result: string }
  | {
      readonly status: 'failed';
      readonly error: { readonly code: number; readonly message: string; readonly data?: unknown };
    };

/** What a process is told of a task that it runs. */
export interface Running {
  readonly id: string;
  readonly status: Status;
  readonly answers: Responses;
}

export interface NewTask {
  readonly id: string;
  readonly owner: string;
  readonly runner: string;
}

export interface TaskStore {
  /** Rejects with RpcError where the owner has too many. On disk when it resolves. */
  create(task: NewTask): Promise<TaskRow>;
  /** Undefined for an unknown, expired or foreign one. */
  get(id: string, owner: string): Promise<TaskRow | undefined>;
  /** Those of them that `get` finds. */
  known(ids: readonly string[], owner: string): Promise<readonly string[]>;
  /** Keeps the answers to open questions, and passes over others. False as `get`. Rejects with RpcError for too much. */
  answer(id: string, owner: string, responses: Responses): Promise<boolean>;
  /** False as `get`; an ended task stays as it ended. */
  cancel(id: string, owner: string): Promise<boolean>;
  /** Adds questions by key, in order. False where the task has ended meanwhile. */
  ask(id: string, questions: Readonly<Record<string, Question>>): Promise<boolean>;
  /** Does nothing where the task has ended meanwhile. */
  finish(id: string, ending: Ending): Promise<void>;
  look(ids: readonly string[]): Promise<readonly Running[]>;
  /** Renews leases, and sets messages of those that have a new one. */
  renew(ids: readonly string[], messages: ReadonlyMap<string, string>): Promise<void>;
  /** Fails what nobody runs any more, and forgets what has expired. */
  sweep(): Promise<void>;
}

const ACTIVE = ['working', 'input_required'] as const satisfies readonly Status[];
const MAX_PER_OWNER = 10_000;
/** Of all answers to one task, in characters. */
const MAX_ANSWERS = 256 * 1024;
/** Expired tasks that one sweep forgets, so that no statement takes long. */
const SWEPT = 1_000;
const LOST = {
  code: INTERNAL_ERROR,
  message: 'The process that ran this task has gone. Whether its work was done is not known.',
};

export function createTaskStore({ database, now, leaseMs, ttlMs, changed }: TaskStoreOptions): TaskStore {
  const isPostgres = dialectOf(database) === 'postgres';
  const at = (ms = 0, from = now().getTime()): string => new Date(from + ms).toISOString();

  const owned = (ids: readonly string[], owner: string) => (row: ExpressionBuilder<TaskTables, 'mcp_tasks'>) =>
    row.and([row('id', 'in', ids), row('owner', '=', owner), row('expires_at', '>', at())]);

  const get = (id: string, owner: string, tables: Kysely<TaskTables> = database): Promise<TaskRow | undefined> =>
    tables
      .selectFrom('mcp_tasks')
      .selectAll()
      .where(owned([id], owner))
      .executeTakeFirst();

  /** Changes a task that has not ended, and holds it for the rest of the transaction. */
  const touch = (tables: Transaction<TaskTables>, id: string): Promise<TaskRow | undefined> =>
    tables
      .updateTable('mcp_tasks')
      .set({ updated_at: at() })
      .where('id', '=', id)
      .where('status', 'in', ACTIVE)
      .returningAll()
      .executeTakeFirst();

  const talk = async (
    tables: Transaction<TaskTables>,
    id: string,
    questions: Readonly<Record<string, unknown>>,
    answers: Responses,
  ): Promise<void> => {
    const status = Object.keys(questions).length > 0 ? 'input_required' : 'working';
    await tables
      .updateTable('mcp_tasks')
      .set({ status, questions: JSON.stringify(questions), answers: JSON.stringify(answers) })
      .where('id', '=', id)
      .execute();
  };

  const fail = async (where: string | undefined): Promise<void> => {
    const failed = await database
      .updateTable('mcp_tasks')
      .set({
        status: 'failed',
        message: LOST.message,
        error: JSON.stringify(LOST),
        questions: '{}',
        updated_at: at(),
      })
      .where('status', 'in', ACTIVE)
      .where('lease_until', '<', at())
      .$if(where !== undefined, (query) => query.where('id', '=', where ?? ''))
      .returning('id')
      .execute();
    for (const { id } of failed) changed(id);
  };

  return {
    async create({ id, owner, runner }) {
      const from = now().getTime();
      return database.transaction().execute(async (tables) => {
        const { count } = await tables
          .selectFrom('mcp_tasks')
          .select((row) => row.fn.countAll<number | string>().as('count'))
          .where('owner', '=', owner)
          .where('expires_at', '>', at())
          .executeTakeFirstOrThrow();
        if (Number(count) >= MAX_PER_OWNER)
          throw new RpcError(INTERNAL_ERROR, `You have ${MAX_PER_OWNER} tasks. Wait until some have expired.`);
        return tables
          .insertInto('mcp_tasks')
          .values({
            id,
            owner,
            runner,
            status: 'working',
            questions: '{}',
            answers: '{}',
            lease_until: at(leaseMs, from),
            created_at: at(0, from),
            updated_at: at(0, from),
            expires_at: at(ttlMs, from),
          })
          .returningAll()
          .executeTakeFirstOrThrow();
      });
    },
    async get(id, owner) {
      const row = await get(id, owner);
      if (!row || !isActive(row.status) || row.lease_until >= at()) return row;
      await fail(id);
      return get(id, owner);
    },
    async known(ids, owner) {
      if (ids.length === 0) return [];
      const rows = await database.selectFrom('mcp_tasks').select('id').where(owned(ids, owner)).execute();
      return rows.map(({ id }) => id);
    },
    async answer(id, owner, responses) {
      const known = await database.transaction().execute(async (tables) => {
        if (!(await get(id, owner, tables))) return false;
        const row = await touch(tables, id);
        if (!row) return true; // it has ended, and needs no answers
        const questions = JSON.parse(row.questions) as Record<string, unknown>;
        const taken = Object.entries(responses).filter(([key]) => Object.hasOwn(questions, key));
        const answers = { ...(JSON.parse(row.answers) as Responses), ...Object.fromEntries(taken) };
        if (JSON.stringify(answers).length > MAX_ANSWERS)
          throw new RpcError(INVALID_PARAMS, `The answers are longer than ${MAX_ANSWERS} characters. Answer shorter.`);
        for (const [key] of taken) delete questions[key];
        await talk(tables, id, questions, answers);
        return true;
      });
      if (known) changed(id);
      return known;
    },
    async cancel(id, owner) {
      const known = await database.transaction().execute(async (tables) => {
        await tables
          .updateTable('mcp_tasks')
          .set({ status: 'cancelled', message: 'Cancelled by the client.', questions: '{}', updated_at: at() })
          .where(owned([id], owner))
          .where('status', 'in', ACTIVE)
          .execute();
        return (await get(id, owner, tables)) !== undefined;
      });
      if (known) changed(id);
      return known;
    },
    async ask(id, added) {
      const asked = await database.transaction().execute(async (tables) => {
        const row = await touch(tables, id);
        if (!row) return false;
        const questions = { ...(JSON.parse(row.questions) as object), ...added };
        await talk(tables, id, questions, JSON.parse(row.answers) as Responses);
        return true;
      });
      if (asked) changed(id);
      return asked;
    },
    async finish(id, ending) {
      const { status } = ending;
      const told =
        status === 'completed'
          ? { result: ending.result, message: null }
          : { error: JSON.stringify(ending.error), message: ending.error.message };
      await database
        .updateTable('mcp_tasks')
        .set({ status, ...told, questions: '{}', updated_at: at() })
        .where('id', '=', id)
        .where('status', 'in', ACTIVE)
        .execute();
      changed(id);
    },
    async look(ids) {
      if (ids.length === 0) return [];
      const rows = await database
        .selectFrom('mcp_tasks')
        .select(['id', 'status', 'answers'])
        .where('id', 'in', ids)
        .execute();
      return rows.map(({ id, status, answers }) => ({ id, status, answers: JSON.parse(answers) as Responses }));
    },
    async renew(ids, messages) {
      if (ids.length === 0) return;
      const active = database.updateTable('mcp_tasks').where('status', 'in', ACTIVE);
      await active
        .set({ lease_until: at(leaseMs) })
        .where('id', 'in', ids)
        .execute();
      for (const [id, message] of messages) {
        await active.set({ message, updated_at: at() }).where('id', '=', id).execute();
        changed(id);
      }
    },
    async sweep() {
      await fail(undefined);
      const skip = isPostgres ? sql`for update skip locked` : sql``;
      await sql`delete from mcp_tasks where id in (
        select id from mcp_tasks where expires_at <= ${at()} order by expires_at limit ${SWEPT} ${skip}
      )`.execute(database);
    },
  };
}

export const isActive = (status: Status): boolean => (ACTIVE as readonly Status[]).includes(status);
