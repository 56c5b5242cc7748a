/** The toolset `tasks`: a task manager whose reasoning tools ask a model, and do without one when they must. */
import { milliseconds } from '#crds/duration.ts';
import type { Toolset } from '../toolset.ts';
import { type TasksConfig, tasksConfig } from './config.ts';
import type { TasksDeps } from './deps.ts';
import { resources } from './resources.ts';
import { migrations } from './tables.ts';
import type { TasksDatabase } from './tasks-store.ts';
import { analyzeWorkloadTool } from './tools/analyze-workload.ts';
import { createTaskTool } from './tools/create-task.ts';
import { deleteTaskTool } from './tools/delete-task.ts';
import { getTaskTool } from './tools/get-task.ts';
import { listTasksTool } from './tools/list-tasks.ts';
import { smartPrioritizeTool } from './tools/smart-prioritize.ts';
import { suggestNextActionTool } from './tools/suggest-next-action.ts';
import { updateTaskTool } from './tools/update-task.ts';

export const tasks: Toolset<TasksDeps, TasksConfig> = {
  name: 'tasks',
  config: tasksConfig,
  instructions: `Keeps tasks (TASK-0001 …) with priority, status, due date, assignee, effort, dependencies, parts and tags.
Write with create_task, update_task and delete_task; read with list_tasks and get_task.
For advice call analyze_workload (is it too much?), smart_prioritize (how to enter new work) or suggest_next_action (what now?); they change nothing.
An answer with status "degraded" was made without a model and says why in error.`,
  migrations,
  tools: [
    createTaskTool,
    listTasksTool,
    getTaskTool,
    updateTaskTool,
    deleteTaskTool,
    analyzeWorkloadTool,
    smartPrioritizeTool,
    suggestNextActionTool,
  ],
  resources,
  open: (context) => ({
    database: context.database as unknown as TasksDatabase,
    inference: context.inference,
    route: context.config.route,
    modelDeadlineMs: milliseconds(context.config.modelDeadline),
    now: () => context.now(),
  }),
};
