/** The resources of the toolset `tasks`: all tasks, the late ones, and each by its id; JSON. */
import type { Resource } from '../toolset.ts';
import type { TasksDeps } from './deps.ts';
import { findTask, listIds, listTasks } from './tasks-store.ts';
import { dayOf } from './workload.ts';

/** Most tasks in one document, and most ids in a list. */
const TASKS = 1_000;
const IDS = 100;
const mimeType = 'application/json';

/** Says when it holds fewer tasks than there are. */
function document({ tasks, next }: Awaited<ReturnType<typeof listTasks>>): string {
  const whole = { count: tasks.length, tasks };
  return JSON.stringify(
    next === undefined ? whole : { ...whole, truncated: true, hint: 'Call list_tasks to page through all.' },
  );
}

export const resources: readonly Resource<TasksDeps>[] = [
  {
    uri: 'tasks://all',
    name: 'all-tasks',
    title: 'All tasks',
    description: `Every task, oldest first; the first ${TASKS}.`,
    mimeType,
    read: async (_variables, { deps }) => document(await listTasks(deps.database, {}, { limit: TASKS })),
  },
  {
    uri: 'tasks://overdue',
    name: 'overdue-tasks',
    title: 'Overdue tasks',
    description: 'Open tasks whose due date has passed.',
    mimeType,
    async read(_variables, { deps }) {
      const filter = { openOnly: true, dueBefore: dayOf(deps.now()) };
      return document(await listTasks(deps.database, filter, { limit: TASKS }));
    },
  },
  {
    uri: 'tasks://{id}',
    name: 'task',
    title: 'One task',
    description: 'A task by its id, for example tasks://TASK-0001.',
    mimeType,
    async read({ id }, { deps }) {
      const found = isId(id) ? await findTask(deps.database, id) : undefined;
      return found && JSON.stringify(found);
    },
    async list({ deps }) {
      const { tasks } = await listTasks(deps.database, {}, { limit: IDS });
      return tasks.map(({ id, title }) => ({ uri: `tasks://${id}`, name: title }));
    },
    async complete(_variable, prefix, deps) {
      return prefix === '' || isId(prefix) ? listIds(deps.database, prefix.toUpperCase(), IDS) : [];
    },
  },
];

function isId(text: string | undefined): text is string {
  return text !== undefined && /^[A-Za-z0-9-]{1,32}$/.test(text);
}
