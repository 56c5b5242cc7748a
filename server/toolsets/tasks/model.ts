/**
 * What the model-backed tools of this toolset share: how tasks are shown to a model,
 * how much of them, and the switch to an answer by logic alone when no model helps.
 */
import { z } from 'zod';
import { InferenceError } from '../../inference/inference.ts';
import { type StructuredQuestion, structured } from '../../inference/structured.ts';
import type { Call } from '../toolset.ts';
import type { TasksDeps } from './deps.ts';
import type { Task } from './task.ts';
import { reasonFor } from './workload.ts';

/** Most tasks that a model is shown, and most characters of them: about 2 000 tokens of English. */
export const SHOWN_TASKS = 50;
const SHOWN_CHARACTERS = 8_000;
const TITLE_LENGTH = 100;
const DESCRIPTION_LENGTH = 120;
const MAX_TOKENS = 1_200;

/** How a model-backed answer came about; part of each such tool's output. */
export const modelOutcome = {
  status: z
    .enum(['ok', 'degraded', 'empty'])
    .describe('ok: a model helped. degraded: no model did, error says why. empty: there was nothing to ask about.'),
  model: z.string().optional().describe('Model that helped.'),
  error: z.string().optional().describe('Why no model helped.'),
};

export type ModelOutcome =
  | { readonly status: 'ok'; readonly model: string }
  | { readonly status: 'degraded'; readonly error: string };

type Ask<Value> = Omit<StructuredQuestion<Value>, 'route' | 'signal' | 'deadlineMs' | 'maxTokens' | 'onProgress'>;

/** Asks the toolset's model within its deadline; without an answer `value` is undefined and `outcome` says why. */
export async function askModel<Value>(
  question: Ask<Value>,
  { deps, signal, log }: Pick<Call<TasksDeps>, 'deps' | 'signal' | 'log'>,
  onProgress: (message: string) => void,
): Promise<{ readonly value: Value | undefined; readonly outcome: ModelOutcome }> {
  try {
    const { value, model } = await structured(deps.inference, {
      ...question,
      route: deps.route,
      signal,
      deadlineMs: deps.modelDeadlineMs,
      maxTokens: MAX_TOKENS,
      onProgress,
    });
    return { value, outcome: { status: 'ok', model } };
  } catch (error) {
    if (!(error instanceof InferenceError)) throw error;
    log.warn({ err: error, reason: error.reason, question: question.name }, 'answering without a model');
    return { value: undefined, outcome: { status: 'degraded', error: error.message } };
  }
}

/** Turns messages into steps that grow. A correction takes two steps more than announced. */
export function progressOf(call: Pick<Call<TasksDeps>, 'progress'>, total: number): (message: string) => void {
  let progress = 0;
  return (message) => {
    progress += 1;
    call.progress({ progress, total: Math.max(total, progress), message });
  };
}

/** The first of `tasks`, shortened, as many as fit. */
export function shownTasks(tasks: readonly Task[], today: string): readonly object[] {
  const shown: object[] = [];
  let characters = 0;
  for (const { id, title, description, status, effort_hours, depends_on, ...rest } of tasks.slice(0, SHOWN_TASKS)) {
    const entry = {
      id,
      title: cut(title, TITLE_LENGTH),
      ...(description && { description: cut(description, DESCRIPTION_LENGTH) }),
      status,
      urgency: reasonFor({ id, title, status, effort_hours, depends_on, ...rest }, today),
      ...(effort_hours !== undefined && { effort_hours }),
      ...(depends_on.length > 0 && { waits_for: depends_on.slice(0, 5) }),
    };
    characters += JSON.stringify(entry).length;
    if (characters > SHOWN_CHARACTERS) break;
    shown.push(entry);
  }
  return shown;
}

export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** A sentence of a model: bounded, so that every engine ends, and one line. */
export const sentence = (longest: number) =>
  z
    .string()
    .max(longest)
    .transform((text) => clean(text));

/** Drops what a terminal or a reader could be misled by. */
function clean(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+/g, ' ').trim();
}
