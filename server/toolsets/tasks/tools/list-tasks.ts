/** The tool `list_tasks`. */
import { z } from 'zod';
import { CURSOR_LENGTH, decodeCursor, encodeCursor } from '../../../store/cursor.ts';
import { defineTool } from '../../toolset.ts';
import type { TasksDeps } from '../deps.ts';
import { task, taskFields } from '../task.ts';
import { listTasks } from '../tasks-store.ts';

const position = z.strictObject({ after: z.int().min(0) });

export const listTasksTool = defineTool<TasksDeps>()({
  name: 'list_tasks',
  title: 'List tasks',
  description:
    'Lists tasks, oldest first; with several filters all must match. Where next_cursor comes back there are more: call again with the same filters and that cursor.',
  scope: 'tasks:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    status: taskFields.status.optional(),
    priority: taskFields.priority.optional(),
    assignee: taskFields.assignee.optional(),
    due_before: taskFields.due_date.optional().describe('Only tasks that are due before this day (YYYY-MM-DD).'),
    tag: z.string().trim().min(1).max(50).optional().describe('Only tasks that carry this tag.'),
    limit: z.int().min(1).max(200).default(50).describe('Most tasks in one answer.'),
    cursor: z.string().max(CURSOR_LENGTH).optional().describe('next_cursor of the answer before.'),
  }),
  output: z.object({
    count: z.int().describe('Number of tasks in this answer.'),
    tasks: z.array(task),
    next_cursor: z.string().optional().describe('Present where more tasks match.'),
  }),
  async run({ limit, cursor, due_before: dueBefore, ...filter }, { deps }) {
    const after = cursor === undefined ? undefined : decodeCursor(cursor, position).after;
    const { tasks, next } = await listTasks(deps.database, { ...filter, dueBefore }, { limit, after });
    const page = { count: tasks.length, tasks: [...tasks] };
    return next === undefined ? page : { ...page, next_cursor: encodeCursor({ after: next }) };
  },
});
