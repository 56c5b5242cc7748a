/** Pods with tools that become tasks, over one database, for tests; spoken to by the extension's own methods. */
import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { EventBus } from '../../events/event.ts';
import { testDispatch, testRequest } from '../../protocol/dispatch.testing.ts';
import type { ModernRequest } from '../../protocol/modern/request.ts';
import { createResults, textOf } from '../../protocol/modern/results.ts';
import type { Request } from '../../protocol/request.ts';
import { TASKS } from '../../protocol/tool-call.ts';
import type { OpenDatabase } from '../../store/database.ts';
import { silent } from '../../store/databases.testing.ts';
import { migrate } from '../../store/migrate.ts';
import { defineTool, ToolError, type Toolset } from '../../toolsets/toolset.ts';
import { type OpenTasks, openTasks, type TasksOptions } from './extension.ts';
import { migrations, type TaskTables } from './tables.ts';

export interface JobDeps {
  /** What tools did, in order. */
  readonly done: string[];
  /** Ends the waiting of `wait`. */
  readonly released: Promise<void>;
}

const define = defineTool<JobDeps>();
const common = {
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  scope: 'jobs',
  description: 'For tests.',
  task: 'optional',
} as const;
const NAME = z.object({ name: z.string() });

export const jobs: Toolset<JobDeps, unknown> = {
  name: 'jobs',
  config: z.unknown(),
  instructions: '',
  migrations: [],
  resources: [],
  tools: [
    define({
      ...common,
      name: 'wait',
      title: 'Wait',
      input: z.object({ heeds: z.boolean().default(true) }),
      output: z.object({ waited: z.literal(true) }),
      run: async ({ heeds }, { deps, signal, progress }) => {
        deps.done.push('begun');
        progress({ progress: 1, total: 3 });
        const aborted = new Promise<never>((_, reject) => {
          if (heeds)
            signal.addEventListener('abort', () => (deps.done.push('aborted'), reject(signal.reason as Error)));
        });
        await Promise.race([deps.released, aborted]);
        deps.done.push('ended');
        return { waited: true as const };
      },
    }),
    define({
      ...common,
      name: 'detach',
      title: 'Detach',
      task: 'required',
      taskFrom: 'detach',
      input: z.object({ times: z.int().default(1), waits: z.boolean().default(false) }),
      run: async ({ times, waits }, { deps, signal, detach }) => {
        signal.throwIfAborted();
        if (waits) await deps.released;
        await Promise.all(Array.from({ length: times }, () => detach())).catch((error: unknown) => {
          deps.done.push('refused');
          throw error;
        });
        return { content: [] };
      },
    }),
    define({
      ...common,
      name: 'fail',
      title: 'Fail',
      task: 'required',
      input: z.object({ how: z.enum(['tool', 'bug']) }),
      run: async ({ how }) => {
        throw how === 'tool' ? new ToolError('There is nothing to do.') : new Error('secret detail');
      },
    }),
    define({
      ...common,
      name: 'ask',
      title: 'Ask',
      input: z.object({}),
      run: async (_input, { elicit }) => {
        const answers = await Promise.all([
          elicit('first', { message: 'First?', schema: NAME }),
          elicit('second', { message: 'Second?', schema: NAME }),
        ]);
        const text = answers.map((answer) => (answer.action === 'accept' ? answer.content.name : answer.action));
        return { content: [{ type: 'text', text: text.join(' and ') }] };
      },
    }),
  ],
  needs: { asks: true },
  open: () => ({ done: [], released: Promise.resolve() }),
};

export type State = Readonly<Record<string, unknown>>;

/** Of one server, whichever pod opens them. */
export const openTestTasks = (
  options: Pick<TasksOptions, 'dispatch' | 'database' | 'bus'> & Partial<TasksOptions>,
): OpenTasks =>
  openTasks({ server: 'team-a/assistant', log: silent, now: () => new Date(), maxRunning: 10, ...options });

export async function openPod(store: OpenDatabase, over: Partial<TasksOptions & { bus: EventBus }> = {}) {
  await migrate(store.database, store.dialect, 'extension-tasks', migrations);
  const done: string[] = [];
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { dispatch, bus } = testDispatch(jobs, { done, released });
  const tasks = openTestTasks({ dispatch, database: store.database, bus, ...over });
  const { extension } = tasks;
  const methods = extension.methods(createResults({ name: 'test', version: '1' }));
  const request = (caller: string, more: Partial<Request> = {}): Request =>
    testRequest({
      caller: { id: caller },
      client: { capabilities: { elicitation: {}, extensions: { [TASKS]: {} } } },
      ...more,
    });
  const ask = async (method: string, params: State, caller: string, more?: Partial<Request>): Promise<State> =>
    JSON.parse(
      textOf((await methods.get(method)?.answer(params, request(caller, more) as ModernRequest)) ?? ''),
    ) as State;
  const call = async (name: string, given: object = {}, more: Partial<Request> = {}): Promise<State> => {
    const taken = request('ann', more);
    const answer = await (extension.callTool?.(name, given, taken) ?? dispatch.callTool(name, given, taken));
    return { ...('task' in answer ? answer.task : answer) };
  };
  return {
    done,
    release,
    /** How all tasks of the database are. */
    statuses: async () => {
      const database: Kysely<TaskTables> = store.database;
      const rows = await database.selectFrom('mcp_tasks').select('status').execute();
      return rows.map(({ status }) => status);
    },
    close: (graceMs: number) => tasks.close(graceMs),
    call,
    ask,
    /** Calls a tool that becomes a task, and gives its id. */
    begin: async (name: string, given: object = {}): Promise<string> => String((await call(name, given))['taskId']),
    get: (taskId: string, caller = 'ann') => ask('tasks/get', { taskId }, caller),
    update: (taskId: string, inputResponses: State, caller = 'ann') =>
      ask('tasks/update', { taskId, inputResponses }, caller),
    cancel: (taskId: string, caller = 'ann') => ask('tasks/cancel', { taskId }, caller),
  };
}

export const accept = (name: string): State => ({ action: 'accept', content: { name } });

export const unknownId = randomUUID;
