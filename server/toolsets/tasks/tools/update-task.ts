/** The tool `update_task`. */
import { z } from 'zod';
import { defineTool, ToolError } from '../../toolset.ts';
import { type TasksDeps, write } from '../deps.ts';
import { idempotencyKey, task, taskFields, taskId } from '../task.ts';
import { updateTask } from '../tasks-store.ts';

const clearable = <Field extends z.ZodType>(field: Field) =>
  field.nullish().describe(`${field.description} null clears it.`);

const fields = z.strictObject({
  title: taskFields.title.optional(),
  priority: taskFields.priority.optional(),
  status: taskFields.status.optional(),
  description: clearable(taskFields.description),
  due_date: clearable(taskFields.due_date),
  assignee: clearable(taskFields.assignee),
  effort_hours: clearable(taskFields.effort_hours),
  depends_on: clearable(taskFields.depends_on),
  parent_id: clearable(taskFields.parent_id),
  tags: clearable(taskFields.tags),
});

export const updateTaskTool = defineTool<TasksDeps>()({
  name: 'update_task',
  title: 'Update a task',
  description:
    'Changes the given fields of a task and leaves the others as they are. null clears a field; lists are replaced as a whole. To finish a task set status to completed.',
  scope: 'tasks:write',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: fields.extend({ task_id: taskId, idempotency_key: idempotencyKey }),
  output: z.object({ success: z.literal(true), task, message: z.string() }),
  run: (input, call) =>
    write('update_task', input, call, async (transaction, now) => {
      const { task_id, idempotency_key: _key, depends_on, tags, ...columns } = input;
      const given = Object.entries({ ...columns, depends_on, tags }).filter(([, value]) => value !== undefined);
      if (given.length === 0)
        throw new ToolError(`Nothing to change: give at least one of ${Object.keys(fields.shape).join(', ')}.`);
      const lists = { depends_on: depends_on === null ? [] : depends_on, tags: tags === null ? [] : tags };
      const updated = await updateTask(transaction, task_id, { ...columns, ...lists }, now);
      const names = given.map(([name]) => name).join(', ');
      return { success: true as const, task: updated, message: `Updated ${updated.id}: ${names}` };
    }),
});
