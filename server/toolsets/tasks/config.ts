/**
 * Settings of the toolset `tasks`, as a person writes them in an McpServer. A leaf:
 * the operator reads it too, to refuse unknown settings.
 */
import { z } from 'zod';
import { duration } from '#crds/parts.ts';

export const tasksConfig = z.strictObject({
  route: z.string().max(63).optional().describe('Route for every tool that asks a model; the first route without it.'),
  modelDeadline: duration().default('30s').describe('Time a model may take before a tool answers without it.'),
});

export type TasksConfig = z.output<typeof tasksConfig>;
