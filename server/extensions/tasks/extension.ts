/**
 * The extension Tasks (SEP-2663): a tool that takes long answers a client that can follow tasks with a handle, and the
 * client asks any pod how it goes, answers questions, or cancels. Must not know how tasks are stored or run.
 */
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { EventBus } from '../../events/event.ts';
import type { Dispatch } from '../../protocol/dispatch.ts';
import { isObject, type Params } from '../../protocol/message.ts';
import type { CreatedTask, Extension, Method } from '../../protocol/modern/methods.ts';
import { membersOf } from '../../protocol/modern/results.ts';
import { misfit, textParam } from '../../protocol/params.ts';
import type { Answered, Request } from '../../protocol/request.ts';
import { INTERNAL_ERROR, INVALID_PARAMS, MISSING_CAPABILITY, RpcError } from '../../protocol/rpc-error.ts';
import { TASKS, type ToolAnswer, toolAnswerMembers } from '../../protocol/tool-call.ts';
import type { Caller } from '../../toolsets/call.ts';
import type { TaskRow, TaskTables } from './tables.ts';
import { TaskCall } from './task-call.ts';
import { noRoom, TaskRunner } from './task-runner.ts';
import { createTaskStore, type Ending } from './task-store.ts';

export interface TasksOptions {
  /** Tells its tasks from those of other servers in the same database. */
  readonly server: string;
  readonly dispatch: Dispatch;
  readonly database: Kysely<TaskTables>;
  readonly bus: EventBus;
  readonly log: Logger;
  readonly now: () => Date;
  /** Tasks that run here at a time. */
  readonly maxRunning: number;
  readonly leaseMs?: number;
}

export interface OpenTasks {
  readonly extension: Extension;
  /** Waits up to `graceMs` for tasks that run here, and fails the others. */
  close(graceMs: number): Promise<void>;
}

/** A pod that says nothing for so long is taken for dead. */
const LEASE_MS = 30_000;
const BEATS_PER_LEASE = 3;
/** Longer than a task may run, so that there is time to fetch its result. */
const TTL_MS = 7_200_000;
const POLL_MS = 1_000;
/** In characters. */
const MAX_RESULT = 4 * 1024 * 1024;
const MAX_ID = 64;

export function openTasks(options: TasksOptions): OpenTasks {
  const { server, dispatch, bus, log, maxRunning, leaseMs = LEASE_MS } = options;
  const changed = (id: string): void => bus.publish({ type: 'task', id });
  const store = createTaskStore({ ...options, leaseMs, ttlMs: TTL_MS, changed });
  const runner = new TaskRunner({ store, bus, log, maxRunning, beatMs: leaseMs / BEATS_PER_LEASE });
  const sweeps = setInterval(() => {
    store.sweep().catch((error: unknown) => log.warn({ error }, 'old tasks are not cleared away'));
  }, leaseMs);
  sweeps.unref();

  const callTool = (name: string, given: unknown, request: Request) => {
    const tool = dispatch.table.tool(name, request.caller)?.tool;
    if (!tool?.task || !followsTasks(request)) return undefined;
    if (runner.hasRoom) return begin(name, given, request);
    if (tool.task === 'optional') return undefined;
    throw noRoom();
  };

  const begin = (name: string, given: unknown, request: Request): Promise<Answered<ToolAnswer> | CreatedTask> => {
    const call = new TaskCall(request, ownerOf(server, request.caller), runner);
    const answered = dispatch.callTool(name, given, call);
    const ended = answered.then(
      (answer) => end(call, endingOf(answer)),
      (error: unknown) => end(call, failed(error)),
    );
    ended.catch((error: unknown) => log.error({ error }, 'a task could not be ended'));
    return Promise.race([answered, call.created.then((row) => ({ task: viewOf(row) }))]);
  };
  const end = async (call: TaskCall, ending: Ending): Promise<void> => {
    const task = await call.end();
    if (task) await runner.end(task, ending);
  };

  const method = (
    name: string,
    work: (id: string, owner: string, params: Params) => Promise<string>,
  ): [string, Method] => [
    name,
    {
      named: 'taskId',
      answer: (params, request) =>
        dispatch.answer(name, request, () => {
          if (!followsTasks(request)) throw cannotFollow();
          return work(textParam(params, 'taskId'), ownerOf(server, request.caller), params);
        }),
    },
  ];

  return {
    extension: {
      id: TASKS,
      settings: {},
      callTool,
      tasks: {
        async known(ids, request) {
          if (!followsTasks(request)) throw cannotFollow();
          return store.known(ids, ownerOf(server, request.caller));
        },
        async read(id, { caller }) {
          try {
            const row = await store.get(id, ownerOf(server, caller));
            return row && stateOf(row);
          } catch (error) {
            log.warn({ error, task: id }, 'a task cannot be read for its listener');
            throw error;
          }
        },
      },
      methods: ({ complete }) =>
        new Map([
          method('tasks/get', async (id, owner) => {
            const row = await store.get(id, owner);
            if (!row) throw unknownTask(id);
            return complete(stateOf(row));
          }),
          method('tasks/update', async (id, owner, { inputResponses }) => {
            if (!isObject(inputResponses)) throw misfit('inputResponses must be an object');
            if (!(await store.answer(id, owner, inputResponses))) throw unknownTask(id);
            return complete('');
          }),
          method('tasks/cancel', async (id, owner) => {
            if (!(await store.cancel(id, owner))) throw unknownTask(id);
            return complete('');
          }),
        ]),
    },
    async close(graceMs) {
      clearInterval(sweeps);
      await runner.close(graceMs);
    },
  };
}

/** Who may ask for a task: the caller that began it, at the server where it did. */
const ownerOf = (server: string, { id }: Caller): string => `${server} ${id}`;

const followsTasks = ({ client: { capabilities } }: Request): boolean => capabilities.extensions?.[TASKS] !== undefined;

const cannotFollow = (): RpcError =>
  new RpcError(
    MISSING_CAPABILITY,
    `Declare the extension ${TASKS} among the client's capabilities to follow tasks.`,
    { requiredCapabilities: { extensions: { [TASKS]: {} } } },
    400,
  );

/** The same for a foreign one: whoever guesses ids learns nothing. */
const unknownTask = (id: string): RpcError =>
  new RpcError(INVALID_PARAMS, `There is no task ${JSON.stringify(id.slice(0, MAX_ID))}, or it has expired.`);

function endingOf(answer: Answered<ToolAnswer>): Ending {
  if ('inputRequired' in answer) return failed(new Error('a task has ended with questions'));
  const result = `{${toolAnswerMembers(answer)}}`;
  if (result.length <= MAX_RESULT) return { status: 'completed', result };
  const message = `The result is longer than ${MAX_RESULT} characters. Ask for less.`;
  return { status: 'failed', error: { code: INTERNAL_ERROR, message } };
}

function failed(error: unknown): Ending {
  const { code, message, data } =
    error instanceof RpcError ? error : { code: INTERNAL_ERROR, message: 'internal error' };
  return { status: 'failed', error: { code, message, ...(data === undefined ? {} : { data }) } };
}

/** What a task's handle and its state have in common. */
function viewOf({ id, status, message, created_at, updated_at, expires_at }: TaskRow): object {
  return {
    taskId: id,
    status,
    ...(message === null ? {} : { statusMessage: message }),
    createdAt: created_at,
    lastUpdatedAt: updated_at,
    ttlMs: Date.parse(expires_at) - Date.parse(created_at),
    pollIntervalMs: POLL_MS,
  };
}

/** The whole state, as a poll and a notification give it: members of a JSON object as text. */
const stateOf = (row: TaskRow): string => membersOf(viewOf(row)) + detailOf(row);

/** What a state has beside that, as it was stored: JSON text with a comma before it. */
function detailOf({ status, questions, result, error }: TaskRow): string {
  if (status === 'input_required') return `,"inputRequests":${questions}`;
  if (status === 'completed') return `,"result":${result}`;
  return status === 'failed' ? `,"error":${error}` : '';
}
