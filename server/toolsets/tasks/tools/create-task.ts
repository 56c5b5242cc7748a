/** The tool `create_task`. */
import { z } from 'zod';
import { defineTool } from '../../toolset.ts';
import { type TasksDeps, write } from '../deps.ts';
import { idempotencyKey, task, taskFields } from '../task.ts';
import { createTask } from '../tasks-store.ts';

export const createTaskTool = defineTool<TasksDeps>()({
  name: 'create_task',
  title: 'Create a task',
  description:
    'Adds a task and returns it with its new id (TASK-0001, TASK-0002 …). Only the title is needed. Use smart_prioritize first if you are unsure about the priority.',
  scope: 'tasks:write',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  input: z.strictObject({
    title: taskFields.title,
    priority: taskFields.priority.default('normal'),
    description: taskFields.description.optional(),
    due_date: taskFields.due_date.optional(),
    status: taskFields.status.default('pending'),
    assignee: taskFields.assignee.optional(),
    effort_hours: taskFields.effort_hours.optional(),
    depends_on: taskFields.depends_on.default([]),
    parent_id: taskFields.parent_id.optional(),
    tags: taskFields.tags.default([]),
    idempotency_key: idempotencyKey,
  }),
  output: z.object({ success: z.literal(true), task, message: z.string() }),
  run: (input, call) =>
    write('create_task', input, call, async (transaction, now) => {
      const { idempotency_key: _key, ...fields } = input;
      const created = await createTask(transaction, fields, now);
      return { success: true as const, task: created, message: `Created ${created.id}: ${created.title}` };
    }),
});
