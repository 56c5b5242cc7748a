/**
 * The tool `analyze_workload`. Counts and assessment are computed; the model chooses
 * among real tasks and finds the words.
 */
import { z } from 'zod';
import { defineTool } from '../../toolset.ts';
import type { TasksDeps } from '../deps.ts';
import { askModel, modelOutcome, progressOf, SHOWN_TASKS, sentence, shownTasks } from '../model.ts';
import { priority, type Task } from '../task.ts';
import { countTasks, openTasks } from '../tasks-store.ts';
import {
  ASSESSMENTS,
  type Assessment,
  assess,
  byUrgency,
  count,
  dayOf,
  HORIZONS,
  hoursDue,
  isOverdue,
  reasonFor,
} from '../workload.ts';
import { instructions } from './analyze-workload.prompt.ts';

const TOP = 3;

const answerSchema = (ids: readonly string[]) =>
  z.strictObject({
    // Engines that can be held to a schema choose a real id; what others invent is dropped below.
    top_priorities: z
      .array(z.strictObject({ task_id: z.string().max(32).meta({ enum: ids }), why: sentence(100) }))
      .max(TOP),
    recommendations: z.array(sentence(120)).max(3),
    risks: z.array(sentence(120)).max(3),
  });

const topPriority = z.object({
  task_id: z.string(),
  title: z.string(),
  priority,
  due_date: z.string().optional(),
  why: z.string(),
});

export const analyzeWorkloadTool = defineTool<TasksDeps>()({
  name: 'analyze_workload',
  title: 'Analyse the workload',
  description:
    'Says whether the open tasks are too much for the coming day, week or month, which come first, what to do and what may go wrong. Counts and assessment are computed; a model words the advice. Changes nothing.',
  scope: 'tasks:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  input: z.strictObject({ time_horizon: z.enum(HORIZONS).default('week').describe('How far to look ahead.') }),
  output: z.object({
    summary: z
      .object({ total: z.int(), pending: z.int(), urgent: z.int(), high: z.int(), overdue: z.int() })
      .describe('Number of tasks: all, pending, open and urgent, open and high, open and overdue.'),
    assessment: z.enum(ASSESSMENTS),
    top_priorities: z.array(topPriority).max(TOP),
    recommendations: z.array(z.string()),
    risks: z.array(z.string()),
    time_horizon: z.enum(HORIZONS),
    ...modelOutcome,
  }),
  async run({ time_horizon }, call) {
    const { deps } = call;
    const today = dayOf(deps.now());
    const summary = await countTasks(deps.database, today);
    const tasks = byUrgency(await openTasks(deps.database, today), today);
    const hours_due = hoursDue(tasks, time_horizon, today);
    const assessment = assess(summary, hours_due, time_horizon);
    const result = { summary, assessment, time_horizon };
    if (tasks.length === 0)
      return { ...result, top_priorities: [], recommendations: [], risks: [], status: 'empty' as const };

    const progress = progressOf(call, 3);
    progress(`Analysing ${count(tasks.length, 'task')}`);
    const candidates = tasks.slice(0, SHOWN_TASKS);
    const shown = shownTasks(candidates, today);
    const { value, outcome } = await askModel(
      {
        name: 'workload',
        instructions,
        data: { today, time_horizon, assessment, hours_due, ...summary, tasks: shown },
        schema: answerSchema(candidates.slice(0, shown.length).map(({ id }) => id)),
      },
      call,
      progress,
    );
    const byLogic = advice(tasks, assessment, today);
    return {
      ...result,
      top_priorities: choose(tasks, value?.top_priorities ?? [], today),
      recommendations: nonEmpty(value?.recommendations) ?? byLogic.recommendations,
      risks: nonEmpty(value?.risks) ?? byLogic.risks,
      ...outcome,
    };
  },
});

/** The model's choice among real tasks, filled up by urgency. */
function choose(tasks: readonly Task[], chosen: readonly { task_id: string; why: string }[], today: string) {
  const reasons = new Map(chosen.map(({ task_id, why }) => [task_id, why]));
  const real = [...reasons.keys()].flatMap((id) => tasks.filter((candidate) => candidate.id === id));
  return [...new Set([...real, ...tasks])].slice(0, TOP).map((subject) => ({
    task_id: subject.id,
    title: subject.title,
    priority: subject.priority,
    ...(subject.due_date && { due_date: subject.due_date }),
    why: reasons.get(subject.id) || reasonFor(subject, today),
  }));
}

function nonEmpty(sentences: readonly string[] | undefined): string[] | undefined {
  const real = sentences?.filter((text) => text !== '');
  return real && real.length > 0 ? real : undefined;
}

/** What logic alone can say. */
function advice(tasks: readonly Task[], assessment: Assessment, today: string) {
  const first = tasks[0];
  const late = tasks.filter((subject) => isOverdue(subject, today));
  const blocked = tasks.filter(({ status }) => status === 'blocked');
  const unplanned = tasks.filter(({ effort_hours }) => effort_hours === undefined);
  const recommendations = [
    ...(first ? [`Start with ${first.id}: ${reasonFor(first, today)}.`] : []),
    ...(assessment === 'overloaded' ? ['Move, hand over or cancel what is least important.'] : []),
    ...(late.length > 0 ? [`Finish or reschedule ${count(late.length, 'overdue task')}.`] : []),
  ];
  const risks = [
    ...(late.length > 0 ? [`${count(late.length, 'task')} past the due date.`] : []),
    ...(blocked.length > 0 ? [`${count(blocked.length, 'task')} blocked.`] : []),
    ...(unplanned.length > 0 ? [`${count(unplanned.length, 'task')} without an estimate.`] : []),
  ];
  return { recommendations, risks };
}
