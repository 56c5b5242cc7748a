/**
 * What a task is: its fields with their bounds, as tools take them and give them.
 * Knows neither the database nor the protocol.
 */
import { z } from 'zod';

export const PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const;
export const STATUSES = ['pending', 'in_progress', 'completed', 'blocked', 'cancelled'] as const;
/** Statuses of tasks that still need work. */
export const OPEN_STATUSES = [
  'pending',
  'in_progress',
  'blocked',
] as const satisfies readonly (typeof STATUSES)[number][];

export const priority = z.enum(PRIORITIES);
export const status = z.enum(STATUSES);

// PostgreSQL cannot keep NUL, and no control character belongs into a line that terminals and models will read.
const line = (longest: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest)
    // oxlint-disable-next-line no-control-regex
    .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, 'must be one line without control characters');

/** An id as a caller may write it. Whether there is such a task, only the store knows. */
export const taskId = z
  .string()
  .max(32)
  .regex(/^[A-Za-z0-9_-]+$/, 'must be an id such as TASK-0001; call list_tasks to see the ids that exist')
  .describe('Id of a task, for example TASK-0001; list_tasks shows them.');

const date = z.iso.date('must be a real date of the form YYYY-MM-DD');

/** The fields that a caller sets. */
export const taskFields = {
  title: line(200).describe('What is to be done, in one line.'),
  description: z
    .string()
    .max(4000)
    // oxlint-disable-next-line no-control-regex
    .regex(/^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$/, 'must not hold control characters')
    .describe('Details, as plain text or Markdown.'),
  priority: priority.describe('How much it matters.'),
  status: status.describe('How far it is.'),
  due_date: date.describe('Day by which it must be done (YYYY-MM-DD).'),
  assignee: line(100).describe('Who does it.'),
  effort_hours: z.number().min(0.1).max(1000).describe('Estimated work in hours.'),
  depends_on: z.array(taskId).max(50).describe('Ids of the tasks that must be done before it.'),
  parent_id: taskId.describe('Id of the task that it is a part of.'),
  tags: z.array(line(50)).max(20).describe('Labels to find it by.'),
};

export const task = z
  .object({
    id: z.string().describe('Its name for ever, for example TASK-0001.'),
    title: z.string(),
    description: z.string().optional(),
    priority,
    status,
    due_date: z.string().optional().describe('YYYY-MM-DD'),
    created_at: z.string().describe('ISO 8601, UTC'),
    updated_at: z.string().optional().describe('ISO 8601, UTC; absent while nothing was changed'),
    assignee: z.string().optional(),
    effort_hours: z.number().optional(),
    depends_on: z.array(z.string()),
    parent_id: z.string().optional(),
    tags: z.array(z.string()),
  })
  .describe('A task.');

export type Task = z.output<typeof task>;
export type Priority = Task['priority'];
export type Status = Task['status'];

/** For every write: makes it safe to send again. */
export const idempotencyKey = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces')
  .optional()
  .describe(
    'Any text of your own that is new for each write. Sent again with the same arguments, it gives the first answer and writes nothing.',
  );

export function isOpen(subject: { readonly status: Status }): boolean {
  return (OPEN_STATUSES as readonly Status[]).includes(subject.status);
}
