/**
 * Answers MCP's requests from the table: lists in pages, tool calls, resources, completion. Every request gets its
 * deadline, its metrics and the error wrapper here, so that whatever carries the protocol adds nothing of that. Must
 * not know the SDK, a transport or an era.
 */
import type { Logger } from 'pino';
import type { Metrics, Outcome } from '../telemetry/metrics.ts';
import type { Call, Caller } from '../toolsets/toolset.ts';
import { type CompletionRequest, callComplete, type Values } from './completion.ts';
import { withDeadline } from './deadline.ts';
import { outcomeOf } from './failure.ts';
import type { Page } from './page.ts';
import { page } from './page.ts';
import { type ListedResource, type ListedTemplate, listResources, listTemplates, readResource } from './resources.ts';
import type { ListedTool, Table } from './table.ts';
import { callTool, type ToolAnswer } from './tool-call.ts';

export interface Step {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

/** What the carrier knows of one request. */
export interface Request {
  readonly caller: Caller;
  readonly transport: 'http' | 'stdio';
  /** Aborted when the client goes away or takes the request back. */
  readonly signal: AbortSignal;
  /** Sends progress; absent where the client did not ask for it. */
  readonly progress?: ((step: Step) => void) | undefined;
}

/** Failures are RpcErrors with messages for clients; a tool's own failure is an answer with `isError`. */
export interface Dispatch {
  readonly table: Table;
  listTools(cursor: string | undefined, request: Request): Promise<Page<ListedTool>>;
  callTool(name: string, given: unknown, request: Request): Promise<ToolAnswer>;
  listResources(cursor: string | undefined, request: Request): Promise<Page<ListedResource>>;
  listTemplates(cursor: string | undefined, request: Request): Promise<Page<ListedTemplate>>;
  readResource(uri: string, request: Request): Promise<{ uri: string; mimeType: string; text: string }>;
  complete(asked: CompletionRequest, request: Request): Promise<Values>;
}

export interface DispatchOptions {
  readonly table: Table;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly callTimeoutMs: number;
  /** Fail a call whose output does not fit the tool's schema; otherwise it is only logged. */
  readonly strictOutput: boolean;
  /** Ids that join an answer to its log lines. */
  newId(): string;
}

/** Builds the `Call` that a toolset sees. */
export type MakeCall = <Deps>(deps: Deps, signal: AbortSignal) => Call<Deps>;

export function createDispatch(options: DispatchOptions): Dispatch {
  const { table, metrics, callTimeoutMs } = options;

  const run = async <T>(
    method: string,
    request: Request,
    work: (makeCall: MakeCall, log: Logger, id: string) => Promise<{ readonly value: T; readonly outcome: Outcome }>,
    tool?: string,
  ): Promise<T> => {
    const start = performance.now();
    const id = options.newId();
    const log = options.log.child({ request: id, method, ...(tool === undefined ? {} : { tool }) });
    const progress = growing(request.progress);
    const makeCall: MakeCall = (deps, signal) => ({ deps, caller: request.caller, signal, log, progress });
    let outcome: Outcome = 'internal_error';
    try {
      const done = await work(makeCall, log, id);
      outcome = done.outcome;
      return done.value;
    } catch (error) {
      const failed = outcomeOf(error, { id, log, method, timeoutMs: callTimeoutMs });
      outcome = failed.outcome;
      throw failed.error;
    } finally {
      const seconds = (performance.now() - start) / 1000;
      metrics.operation({ method, tool, transport: request.transport, outcome, seconds });
      log.debug({ outcome, ms: Math.round(seconds * 1000) }, 'answered');
    }
  };

  /** A request that is answered with a value or fails as a whole. */
  const plain = <T>(method: string, request: Request, work: (makeCall: MakeCall, signal: AbortSignal) => Promise<T>) =>
    run(method, request, async (makeCall) => ({
      value: await withDeadline((signal) => work(makeCall, signal), {
        signal: request.signal,
        timeoutMs: callTimeoutMs,
      }),
      outcome: 'ok',
    }));

  return {
    table,
    listTools: (cursor, request) =>
      plain('tools/list', request, async () => page(table.listedTools, (tool) => tool.name, cursor)),
    callTool: (name, given, request) =>
      run(
        'tools/call',
        request,
        (makeCall, log, id) => callTool({ name, given, makeCall, log, id, signal: request.signal, options }),
        table.tools.has(name) ? name : undefined,
      ),
    listResources: (cursor, request) =>
      plain('resources/list', request, (makeCall, signal) =>
        listResources(table, cursor, (deps) => makeCall(deps, signal)),
      ),
    listTemplates: (cursor, request) =>
      plain('resources/templates/list', request, async () => listTemplates(table, cursor)),
    readResource: (uri, request) =>
      plain('resources/read', request, (makeCall, signal) =>
        readResource(table, uri, (deps) => makeCall(deps, signal)),
      ),
    complete: (asked, request) => plain('completion/complete', request, () => callComplete(table, asked)),
  };
}

/** Progress must grow; a step that does not is left out. */
function growing(send: ((step: Step) => void) | undefined): (step: Step) => void {
  let last = -Infinity;
  return (step) => {
    if (send === undefined || !(step.progress > last) || !Number.isFinite(step.progress)) return;
    last = step.progress;
    send(step);
  };
}
