/**
 * The table of the extension Tasks, as the query builder sees it and as it is made. The same columns on both
 * databases: times are ISO 8601 text, which sorts as time does, and what only this code reads is JSON text.
 */
import { type Kysely, sql } from 'kysely';
import type { Migration } from '../../store/migration.ts';

export type Status = 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';

export interface TaskRow {
  id: string;
  /** Who began it and may ask for it: id of the caller, and the server where that was. */
  owner: string;
  status: Status;
  /** For people: how far it is, or why it has ended. */
  message: string | null;
  /** Open questions by key. */
  questions: string;
  /** Answers by key; each key is used once in the life of a task. */
  answers: string;
  /** The tool's result, once there is one. */
  result: string | null;
  /** The JSON-RPC error that ended it. */
  error: string | null;
  /** Process that runs it. */
  runner: string;
  /** Until then the process will have said that it is still there. */
  lease_until: string;
  created_at: string;
  updated_at: string;
  /** From then on nobody is told of it. */
  expires_at: string;
}

export interface TaskTables {
  mcp_tasks: TaskRow;
}

export const migrations: readonly Migration[] = [
  {
    name: '0001-mcp-tasks',
    async up(database, dialect) {
      const plain = dialect === 'postgres' ? sql`text collate "C"` : sql`text`;
      const { schema } = database as Kysely<TaskTables>;
      await schema
        .createTable('mcp_tasks')
        .addColumn('id', plain, (column) => column.primaryKey())
        .addColumn('owner', plain, (column) => column.notNull())
        .addColumn('status', plain, (column) => column.notNull())
        .addColumn('message', 'text')
        .addColumn('questions', 'text', (column) => column.notNull())
        .addColumn('answers', 'text', (column) => column.notNull())
        .addColumn('result', 'text')
        .addColumn('error', 'text')
        .addColumn('runner', plain, (column) => column.notNull())
        .addColumn('lease_until', plain, (column) => column.notNull())
        .addColumn('created_at', plain, (column) => column.notNull())
        .addColumn('updated_at', plain, (column) => column.notNull())
        .addColumn('expires_at', plain, (column) => column.notNull())
        .execute();
      await schema.createIndex('mcp_tasks_owner').on('mcp_tasks').columns(['owner', 'expires_at']).execute();
      await schema.createIndex('mcp_tasks_lease').on('mcp_tasks').columns(['status', 'lease_until']).execute();
      await schema.createIndex('mcp_tasks_expiry').on('mcp_tasks').column('expires_at').execute();
    },
  },
];
