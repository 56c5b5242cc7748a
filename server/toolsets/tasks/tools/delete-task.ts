/** The tool `delete_task`. */
import { z } from 'zod';
import { defineTool } from '../../toolset.ts';
import { type TasksDeps, write } from '../deps.ts';
import { idempotencyKey, taskId } from '../task.ts';
import { deleteTask } from '../tasks-store.ts';

export const deleteTaskTool = defineTool<TasksDeps>()({
  name: 'delete_task',
  title: 'Delete a task',
  description:
    'Removes a task for good; its id is never given again. Tasks that depended on it no longer do, and its parts stand alone. To keep a record set the status to cancelled with update_task instead.',
  scope: 'tasks:write',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({ task_id: taskId, idempotency_key: idempotencyKey }),
  output: z.object({ deleted: z.string().describe('Id of the task that is gone.') }),
  run: (input, call) =>
    write('delete_task', input, call, async (transaction) => {
      await deleteTask(transaction, input.task_id);
      return { deleted: input.task_id };
    }),
});
