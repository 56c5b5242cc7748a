/**
 * Tasks in the database, the same for SQLite and PostgreSQL. Every writing function
 * runs in its caller's transaction. Knows the rules that the whole set of tasks obeys:
 * ids are counted, references exist, nothing waits for itself.
 */
import { type Kysely, sql, type Transaction } from 'kysely';
import { ToolError } from '../toolset.ts';
import type { TaskRow, TasksTables } from './tables.ts';
import { OPEN_STATUSES, type Priority, type Status, type Task } from './task.ts';
import type { Summary } from './workload.ts';

/** Most open tasks that are judged together. */
const OPEN_TASKS = 1_000;

export type TasksDatabase = Kysely<TasksTables>;
type Write = Transaction<TasksTables>;

type Columns = Omit<TaskRow, 'id' | 'number' | 'created_at' | 'updated_at'>;

/** Fields to set; null clears, undefined leaves as it is. */
export type TaskChanges = { readonly [Name in keyof Columns]?: Columns[Name] | undefined } & {
  readonly depends_on?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
};

export type NewTask = TaskChanges & Pick<Columns, 'title' | 'priority' | 'status'>;

export interface TaskFilter {
  readonly status?: Status | undefined;
  readonly priority?: Priority | undefined;
  readonly assignee?: string | undefined;
  /** Tasks whose day comes before this one (YYYY-MM-DD). */
  readonly dueBefore?: string | undefined;
  readonly tag?: string | undefined;
  readonly openOnly?: boolean;
}

/** For a reference to a task that does not exist. */
export function noSuchTask(id: string): ToolError {
  return new ToolError(`There is no task "${id}". Call list_tasks to see the ids that exist.`);
}

export async function createTask(write: Write, { depends_on, tags, ...columns }: NewTask, now: Date): Promise<Task> {
  const { last: number } = await write
    .updateTable('task_counter')
    .set((row) => ({ last: row('last', '+', 1) }))
    .returning('last')
    .executeTakeFirstOrThrow();
  const id = `TASK-${String(number).padStart(4, '0')}`;
  if (columns.parent_id) await findReferences(write, [columns.parent_id]);
  if (depends_on) await findReferences(write, depends_on);
  const row = await write
    .insertInto('tasks')
    .values({ ...columns, id, number, created_at: now.toISOString() })
    .returningAll()
    .executeTakeFirstOrThrow();
  await replaceLists(write, id, { depends_on, tags });
  return taskOf(row, depends_on ?? [], tags ?? []);
}

export async function updateTask(
  write: Write,
  id: string,
  { depends_on, tags, ...columns }: TaskChanges,
  now: Date,
): Promise<Task> {
  const tied = columns.parent_id || (depends_on && depends_on.length > 0);
  if (tied) await lockReferences(write);
  if (columns.parent_id) {
    await findReferences(write, [columns.parent_id]);
    if (await reaches(write, 'parent', columns.parent_id, id))
      throw new ToolError(`parent_id: ${columns.parent_id} is ${id} itself or a part of it. Choose another parent.`);
  }
  const { numUpdatedRows } = await write
    .updateTable('tasks')
    .set({ ...columns, updated_at: now.toISOString() })
    .where('id', '=', id)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw noSuchTask(id);
  await replaceLists(write, id, { depends_on, tags });
  return getTask(write, id);
}

/** Removes it with its place in other tasks: their dependency on it ends, its parts stand alone. */
export async function deleteTask(write: Write, id: string): Promise<void> {
  await lockReferences(write);
  const { numDeletedRows } = await write.deleteFrom('tasks').where('id', '=', id).executeTakeFirst();
  if (numDeletedRows === 0n) throw noSuchTask(id);
}

export async function findTask(database: TasksDatabase, id: string): Promise<Task | undefined> {
  const row = await database.selectFrom('tasks').selectAll().where('id', '=', id).executeTakeFirst();
  return row && (await withLists(database, [row]))[0];
}

/** Throws the error that names `list_tasks` where there is none. */
export async function getTask(database: TasksDatabase, id: string): Promise<Task> {
  const found = await findTask(database, id);
  if (!found) throw noSuchTask(id);
  return found;
}

/** Tasks that match, oldest first, from the one after the number `after`. */
export async function listTasks(
  database: TasksDatabase,
  filter: TaskFilter,
  page: { readonly limit: number; readonly after?: number | undefined },
): Promise<{ readonly tasks: readonly Task[]; readonly next?: number }> {
  let query = database.selectFrom('tasks').selectAll();
  if (filter.status) query = query.where('status', '=', filter.status);
  if (filter.openOnly) query = query.where('status', 'in', OPEN_STATUSES);
  if (filter.priority) query = query.where('priority', '=', filter.priority);
  if (filter.assignee) query = query.where('assignee', '=', filter.assignee);
  if (filter.dueBefore) query = query.where('due_date', '<', filter.dueBefore);
  const { tag } = filter;
  if (tag)
    query = query.where('id', 'in', (task) => task.selectFrom('task_tags').select('task_id').where('tag', '=', tag));
  if (page.after !== undefined) query = query.where('number', '>', page.after);
  const rows = await query
    .orderBy('number')
    .limit(page.limit + 1)
    .execute();
  const tasks = await withLists(database, rows.slice(0, page.limit));
  const last = rows[page.limit - 1];
  return rows.length > page.limit && last ? { tasks, next: last.number } : { tasks };
}

/** Open tasks, those that matter most first if there are too many to look at. Dependencies that are done are left out. */
export async function openTasks(database: TasksDatabase, today: string): Promise<readonly Task[]> {
  const rows = await database
    .selectFrom('tasks')
    .selectAll()
    .where('status', 'in', OPEN_STATUSES)
    .orderBy(sql`case when due_date <= ${today} then 0 else 1 end`)
    .orderBy(sql`case priority when 'urgent' then 0 when 'high' then 1 when 'normal' then 2 else 3 end`)
    .orderBy('number')
    .limit(OPEN_TASKS)
    .execute();
  return withLists(database, rows);
}

/** Counts over all tasks. */
export async function countTasks(database: TasksDatabase, today: string): Promise<Summary> {
  const open = sql`status in (${sql.join(OPEN_STATUSES)})`;
  const { rows } = await sql<Record<keyof Summary, number | string>>`select
    count(*) as total,
    count(*) filter (where status = 'pending') as pending,
    count(*) filter (where priority = 'urgent' and ${open}) as urgent,
    count(*) filter (where priority = 'high' and ${open}) as high,
    count(*) filter (where due_date < ${today} and ${open}) as overdue
    from tasks`.execute(database);
  const [row] = rows;
  if (!row) throw new Error('an aggregate has one row');
  // PostgreSQL counts in 64 bits, which its client gives as text.
  const { total, pending, urgent, high, overdue } = row;
  return {
    total: Number(total),
    pending: Number(pending),
    urgent: Number(urgent),
    high: Number(high),
    overdue: Number(overdue),
  };
}

/** Ids that begin with `prefix`, in order. */
export async function listIds(database: TasksDatabase, prefix: string, limit: number): Promise<readonly string[]> {
  let query = database.selectFrom('tasks').select('id');
  if (prefix !== '') query = query.where('id', '>=', prefix).where('id', '<', `${prefix}\u{10ffff}`);
  const rows = await query.orderBy('id').limit(limit).execute();
  return rows.map(({ id }) => id);
}

/** Attaches dependencies and tags, with one query each for all rows. */
async function withLists(database: TasksDatabase, rows: readonly TaskRow[]): Promise<Task[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const dependencies = await database.selectFrom('task_dependencies').selectAll().where('task_id', 'in', ids).execute();
  const tags = await database.selectFrom('task_tags').selectAll().where('task_id', 'in', ids).execute();
  const dependenciesOf = Map.groupBy(dependencies, (row) => row.task_id);
  const tagsOf = Map.groupBy(tags, (row) => row.task_id);
  return rows.map((row) => {
    const dependsOn = (dependenciesOf.get(row.id) ?? []).map(({ depends_on }) => depends_on);
    const tagged = (tagsOf.get(row.id) ?? []).map(({ tag }) => tag);
    return taskOf(row, dependsOn, tagged);
  });
}

/** A row as a task: without what is null, its lists in order and without repetition. */
function taskOf({ number: _number, ...row }: TaskRow, dependsOn: readonly string[], tags: readonly string[]): Task {
  const present = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as Omit<
    Task,
    'depends_on' | 'tags'
  >;
  return { ...present, depends_on: [...new Set(dependsOn)].sort(byNumber), tags: [...new Set(tags)].sort() };
}

function byNumber(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}

async function replaceLists(write: Write, id: string, { depends_on, tags }: Pick<TaskChanges, 'depends_on' | 'tags'>) {
  if (depends_on) {
    const unique = [...new Set(depends_on)];
    await findReferences(write, unique);
    for (const other of unique)
      if (await reaches(write, 'dependency', other, id))
        throw new ToolError(
          `depends_on: ${other} is ${id} itself or waits for it. Leave it out, or change ${other} first.`,
        );
    await write.deleteFrom('task_dependencies').where('task_id', '=', id).execute();
    const values = unique.map((other) => ({ task_id: id, depends_on: other }));
    if (values.length > 0) await write.insertInto('task_dependencies').values(values).execute();
  }
  if (tags) {
    await write.deleteFrom('task_tags').where('task_id', '=', id).execute();
    const values = [...new Set(tags)].map((tag) => ({ task_id: id, tag }));
    if (values.length > 0) await write.insertInto('task_tags').values(values).execute();
  }
}

async function findReferences(write: Write, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const rows = await write.selectFrom('tasks').select('id').where('id', 'in', ids).execute();
  const found = new Set(rows.map(({ id }) => id));
  const missing = ids.find((id) => !found.has(id));
  if (missing !== undefined) throw noSuchTask(missing);
}

/** Makes writers that tie tasks together, or remove them, go one after the other, so that no two close a circle. */
async function lockReferences(write: Write): Promise<void> {
  await write
    .updateTable('task_counter')
    .set((row) => ({ last: row.ref('last') }))
    .execute();
}

/** Whether the way from `start` over dependencies or parents comes to `target`; `start` itself counts. */
async function reaches(write: Write, way: 'dependency' | 'parent', start: string, target: string): Promise<boolean> {
  const step =
    way === 'dependency'
      ? sql`select d.depends_on from task_dependencies d join way on d.task_id = way.id`
      : sql`select t.parent_id from tasks t join way on t.id = way.id where t.parent_id is not null`;
  const anchor = sql`select id from tasks where id = ${start}`;
  const { rows } =
    await sql`with recursive way(id) as (${anchor} union ${step}) select id from way where id = ${target}`.execute(
      write,
    );
  return rows.length > 0;
}
