/**
 * Calls the tools and resources of the toolset as the protocol does: input checked by
 * the tool's schema, output too. For tests only.
 */
import { z } from 'zod';
import { type Inference, InferenceError } from '../../inference/inference.ts';
import type { OpenDatabase } from '../../store/database.ts';
import { silent } from '../../store/databases.testing.ts';
import { migrate } from '../../store/migrate.ts';
import { testCall } from '../call.testing.ts';
import type { Call } from '../toolset.ts';
import type { TasksConfig } from './config.ts';
import type { TasksDeps } from './deps.ts';
import type { task } from './task.ts';
import { tasks } from './toolset.ts';

export type TaskInput = Partial<Omit<z.output<typeof task>, 'id'>> & { readonly title: string };

/** No backend at all. */
export const noModel: Inference = {
  chat: () => Promise.reject(new InferenceError('NoBackend', 'No model backend is configured.')),
  backends: () => [],
};

export interface Options {
  readonly inference?: Inference;
  readonly config?: TasksConfig;
  readonly now?: () => Date;
}

/** The toolset on a migrated store; the time is noon of 2030-03-15 unless told. */
export async function openTasks(store: OpenDatabase, options: Options = {}) {
  await migrate(store.database, store.dialect, tasks.name, tasks.migrations);
  const deps = await tasks.open({
    config: options.config ?? { modelDeadline: '30s' },
    database: store.database,
    inference: options.inference ?? noModel,
    log: silent,
    now: options.now ?? (() => new Date('2030-03-15T12:00:00Z')),
  });
  const steps: { progress: number; total?: number; message?: string }[] = [];
  const callOf = (caller: string, signal: AbortSignal): Call<TasksDeps> =>
    testCall(deps, { caller: { id: caller }, signal, progress: (step) => void steps.push(step) });
  const never = new AbortController().signal;

  /** Structured result of a tool call. */
  async function call(name: string, input: object = {}, { caller = 'ann', signal = never } = {}) {
    const tool = tasks.tools.find((candidate) => candidate.name === name);
    if (!tool?.output) throw new Error(`no tool ${name} with an output`);
    const result = await tool.run(tool.input.parse(input), callOf(caller, signal));
    // The output is what a client gets to see, so nothing may be in it that its schema does not name.
    return z.strictObject(tool.output.shape).parse(JSON.parse(JSON.stringify(result)));
  }

  async function create(fields: TaskInput, caller = 'ann') {
    const { task: created } = (await call('create_task', fields, { caller })) as { task: z.output<typeof task> };
    return created;
  }

  /** Parsed content of a resource. */
  async function read(uri: string, variables: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const resource = tasks.resources.find((candidate) => candidate.uri === uri);
    const text = await resource?.read(variables, callOf('ann', never));
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  }

  return { call, create, read, deps, steps, context: callOf('ann', never) };
}
