/**
 * The tool `suggest_next_action`. Logic says which tasks can be started; the model
 * chooses one of them, or logic takes the most urgent.
 */
import { z } from 'zod';
import { defineTool } from '../../toolset.ts';
import type { TasksDeps } from '../deps.ts';
import { askModel, modelOutcome, progressOf, sentence, shownTasks } from '../model.ts';
import type { Task } from '../task.ts';
import { openTasks } from '../tasks-store.ts';
import { byUrgency, count, dayOf, ready, reasonFor } from '../workload.ts';
import { instructions } from './suggest-next-action.prompt.ts';

const CANDIDATES = 10;
const USUAL_MINUTES = 60;
const LONGEST_MINUTES = 480;

const answerSchema = (ids: readonly string[]) =>
  z.strictObject({
    task_id: z.string().max(32).meta({ enum: ids }),
    why: sentence(160),
    estimated_minutes: z.int().min(1).max(LONGEST_MINUTES),
    after: sentence(160),
  });

const suggestion = z.object({
  task_id: z.string(),
  why: z.string(),
  estimated_minutes: z.int(),
  after: z.string().describe('What to do when it is done.'),
});

export const suggestNextActionTool = defineTool<TasksDeps>()({
  name: 'suggest_next_action',
  title: 'Suggest what to do next',
  description: 'Names the one task to work on now, why, for how long, and what comes after it. Changes nothing.',
  scope: 'tasks:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  input: z.strictObject({}),
  output: z.object({
    suggestion: suggestion.nullable().describe('null where no task is open.'),
    task_count: z.int().describe('Open tasks.'),
    generated_at: z.string().describe('ISO 8601, UTC'),
    message: z.string().optional().describe('Said instead of a suggestion.'),
    ...modelOutcome,
  }),
  async run(_input, call) {
    const { deps } = call;
    const now = deps.now();
    const today = dayOf(now);
    const open = byUrgency(await openTasks(deps.database, today), today);
    const result = { task_count: open.length, generated_at: now.toISOString() };
    if (open.length === 0) {
      const message = 'There are no open tasks. Call create_task to add one.';
      return { ...result, suggestion: null, message, status: 'empty' as const };
    }

    const progress = progressOf(call, 3);
    progress(`Analysing ${count(open.length, 'task')}`);
    // Where everything is blocked, the most urgent task is what has to be unblocked.
    const startable = ready(open);
    const candidates = (startable.length > 0 ? startable : open).slice(0, CANDIDATES);
    const { value, outcome } = await askModel(
      {
        name: 'next_action',
        instructions,
        data: { today, tasks: shownTasks(candidates, today) },
        schema: answerSchema(candidates.map(({ id }) => id)),
      },
      call,
      progress,
    );
    const chosen = candidates.find(({ id }) => id === value?.task_id);
    const byLogic = suggestByLogic(chosen ?? (candidates[0] as Task), candidates, today);
    if (!chosen || !value) return { ...result, suggestion: byLogic, ...outcome };
    const { estimated_minutes } = value;
    const words = { why: value.why || byLogic.why, after: value.after || byLogic.after };
    return { ...result, suggestion: { task_id: chosen.id, estimated_minutes, ...words }, ...outcome };
  },
});

function suggestByLogic(first: Task, candidates: readonly Task[], today: string): z.output<typeof suggestion> {
  const next = candidates.find((candidate) => candidate !== first);
  const minutes = first.effort_hours === undefined ? USUAL_MINUTES : Math.ceil(first.effort_hours * 60);
  return {
    task_id: first.id,
    why: `${first.title}: ${reasonFor(first, today)}.`,
    estimated_minutes: Math.min(minutes, LONGEST_MINUTES),
    after: next ? `Then ${next.id}: ${next.title}.` : 'Nothing else is waiting.',
  };
}
