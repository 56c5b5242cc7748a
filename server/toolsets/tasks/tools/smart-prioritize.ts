/**
 * The tool `smart_prioritize`. Recommends and creates nothing; without a model the
 * words of the description decide.
 */
import { z } from 'zod';
import { defineTool } from '../../toolset.ts';
import type { TasksDeps } from '../deps.ts';
import { askModel, modelOutcome, progressOf, sentence } from '../model.ts';
import { prioritize } from '../prioritize.ts';
import { priority } from '../task.ts';
import { instructions } from './smart-prioritize.prompt.ts';

const answerSchema = z.strictObject({
  priority,
  title: sentence(80),
  effort_hours: z.int().min(1).max(160),
  considerations: z.array(sentence(120)).max(3),
});

export const smartPrioritizeTool = defineTool<TasksDeps>()({
  name: 'smart_prioritize',
  title: 'Recommend a priority',
  description:
    'Recommends priority, title and effort for work that is described in plain words. Creates nothing: call create_task with what you like of it.',
  scope: 'tasks:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  input: z.strictObject({
    task_description: z.string().trim().min(1).max(2000).describe('The work, in plain words.'),
  }),
  output: z.object({
    input: z.string().describe('The description that was judged.'),
    recommendation: z.object({
      priority,
      title: z.string(),
      effort_hours: z.number(),
      considerations: z.array(z.string()),
    }),
    ...modelOutcome,
  }),
  async run({ task_description: input }, call) {
    const progress = progressOf(call, 3);
    progress('Reading the description');
    const { value, outcome } = await askModel(
      { name: 'recommendation', instructions, data: { task_description: input }, schema: answerSchema },
      call,
      progress,
    );
    const byLogic = prioritize(input);
    if (!value)
      return { input, recommendation: { ...byLogic, considerations: [...byLogic.considerations] }, ...outcome };
    const considerations = value.considerations.filter((text) => text !== '');
    return { input, recommendation: { ...value, title: value.title || byLogic.title, considerations }, ...outcome };
  },
});
