/**
 * The tables of the toolset `tasks`, as the query builder sees them and as they are
 * made. The same columns on both databases: dates and times are ISO 8601 text, which
 * sorts as time does, so that no driver turns a day into an hour of some zone.
 */
import { type Kysely, sql } from 'kysely';
import type { Migration } from '../../store/migration.ts';
import type { Priority, Status } from './task.ts';

export interface TaskRow {
  id: string;
  /** The number within the id; orders the tasks by age. */
  number: number;
  title: string;
  description: string | null;
  priority: Priority;
  status: Status;
  due_date: string | null;
  created_at: string;
  updated_at: string | null;
  assignee: string | null;
  effort_hours: number | null;
  parent_id: string | null;
}

export interface TasksTables {
  tasks: TaskRow;
  task_dependencies: { task_id: string; depends_on: string };
  task_tags: { task_id: string; tag: string };
  /** One row: the number that was given last. Changing it is also the lock of all writes that tie tasks together. */
  task_counter: { id: number; last: number };
}

export const migrations: readonly Migration[] = [
  {
    name: '0001-tasks',
    async up(database, dialect) {
      // Compared byte by byte, as SQLite does it anyway: ids, days and times sort and match by prefix.
      const plain = dialect === 'postgres' ? sql`text collate "C"` : sql`text`;
      const decimal = dialect === 'postgres' ? sql`double precision` : sql`real`;
      const { schema } = database as Kysely<TasksTables>;
      await schema
        .createTable('tasks')
        .addColumn('id', plain, (column) => column.primaryKey())
        .addColumn('number', 'integer', (column) => column.notNull().unique())
        .addColumn('title', 'text', (column) => column.notNull())
        .addColumn('description', 'text')
        .addColumn('priority', plain, (column) => column.notNull())
        .addColumn('status', plain, (column) => column.notNull())
        .addColumn('due_date', plain)
        .addColumn('created_at', plain, (column) => column.notNull())
        .addColumn('updated_at', plain)
        .addColumn('assignee', 'text')
        .addColumn('effort_hours', decimal)
        .addColumn('parent_id', plain, (column) => column.references('tasks.id').onDelete('set null'))
        .execute();
      await schema
        .createTable('task_dependencies')
        .addColumn('task_id', plain, (column) => column.notNull().references('tasks.id').onDelete('cascade'))
        .addColumn('depends_on', plain, (column) => column.notNull().references('tasks.id').onDelete('cascade'))
        .addPrimaryKeyConstraint('task_dependencies_key', ['task_id', 'depends_on'])
        .execute();
      await schema
        .createTable('task_tags')
        .addColumn('task_id', plain, (column) => column.notNull().references('tasks.id').onDelete('cascade'))
        .addColumn('tag', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('task_tags_key', ['task_id', 'tag'])
        .execute();
      await schema
        .createTable('task_counter')
        .addColumn('id', 'integer', (column) => column.primaryKey())
        .addColumn('last', 'integer', (column) => column.notNull())
        .execute();
      await (database as Kysely<TasksTables>).insertInto('task_counter').values({ id: 1, last: 0 }).execute();
      await schema.createIndex('tasks_status').on('tasks').columns(['status', 'number']).execute();
      await schema.createIndex('tasks_due_date').on('tasks').column('due_date').execute();
      await schema.createIndex('tasks_parent_id').on('tasks').column('parent_id').execute();
      await schema.createIndex('task_dependencies_depends_on').on('task_dependencies').column('depends_on').execute();
      await schema.createIndex('task_tags_tag').on('task_tags').column('tag').execute();
    },
  },
];
