/** The tool `get_task`. */
import { z } from 'zod';
import { defineTool } from '../../toolset.ts';
import type { TasksDeps } from '../deps.ts';
import { task, taskId } from '../task.ts';
import { getTask } from '../tasks-store.ts';

export const getTaskTool = defineTool<TasksDeps>()({
  name: 'get_task',
  title: 'Get a task',
  description: 'Returns one task with all its fields.',
  scope: 'tasks:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({ task_id: taskId }),
  output: task,
  run: ({ task_id }, { deps }) => getTask(deps.database, task_id),
});
