/**
 * Answers MCP's requests from the table: lists in pages, tool calls, prompts, resources, completion. Every request gets
 * its rights, its deadline, its figures and the error wrapper here, so that whatever carries the protocol adds nothing
 * of that. Must not know a transport or an era.
 */
import type { Logger } from 'pino';
import type { ServerEvent } from '../events/event.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { announced } from './announced.ts';
import { type CompletionRequest, complete, type Values } from './completion.ts';
import { Deadlines } from './deadline.ts';
import { createOperation, type Operation } from './operation.ts';
import { fixedPages, type Page } from './page.ts';
import { getPrompt, type ListedPrompt, listedPrompt, type PromptAnswer } from './prompts.ts';
import type { Answered, Request } from './request.ts';
import {
  findResource,
  type ListedResource,
  type ListedTemplate,
  listedTemplate,
  listResources,
  type ResourceAnswer,
  readResource,
} from './resources.ts';
import { INVALID_PARAMS, METHOD_NOT_FOUND, RpcError, ScopeRequired } from './rpc-error.ts';
import { type AuditEntry, Run, type Surroundings } from './run.ts';
import type { Sealer } from './sealing.ts';
import type { ListedTool, Table } from './table.ts';
import { callTool, type ToolAnswer } from './tool-call.ts';
import { toolPages } from './tool-pages.ts';

/**
 * Failures are RpcErrors with messages for clients, or ScopeRequired; a tool's own failure is an answer with `isError`.
 * Lists that come without a promise are the same objects every time, and throw at once.
 */
export interface Dispatch {
  readonly table: Table;
  readonly listTools: (cursor: string | undefined, request: Request) => Page<ListedTool>;
  readonly listPrompts: (cursor: string | undefined, request: Request) => Page<ListedPrompt>;
  readonly listTemplates: (cursor: string | undefined, request: Request) => Page<ListedTemplate>;
  listResources(cursor: string | undefined, request: Request): Promise<Page<ListedResource>>;
  callTool(name: string, given: unknown, request: Request): Promise<Answered<ToolAnswer>>;
  getPrompt(name: string, given: unknown, request: Request): Promise<Answered<PromptAnswer>>;
  readResource(uri: string, request: Request): Promise<Answered<ResourceAnswer>>;
  complete(asked: CompletionRequest, request: Request): Promise<Values>;
  /** Counts a request that no toolset has a part in. It is no call, so that the audit log does not hear of it. */
  count<Result>(method: Carried, transport: Request['transport'], work: () => Result): Result;
  /** What is thrown for a method that there is not, which is counted too, under no name of a stranger's. */
  unknownMethod(transport: Request['transport']): RpcError;
  /** Answers a method of an extension by `work`. */
  answer<Answer>(method: string, request: Request, work: () => Promise<Answer>): Promise<Answer>;
}

/** Methods that whatever carries the protocol answers itself. */
type Carried = 'server/discover' | 'subscriptions/listen';

export interface DispatchOptions {
  readonly table: Table;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly callTimeoutMs: number;
  /** Of a call that has become a task; an hour without it. */
  readonly taskTimeoutMs?: number;
  /** Fail a call whose output does not fit the tool's schema; otherwise it is only logged. */
  readonly strictOutput: boolean;
  /** For what clients keep between the rounds of a call. */
  readonly sealer: Sealer;
  /** Tells subscribers of every pod. */
  readonly publish: (event: ServerEvent) => void;
  readonly audit?: ((entry: AuditEntry) => void) | undefined;
  /** Ids that join an answer to its log lines. */
  newId(): string;
}

const TASK_TIMEOUT_MS = 3_600_000;

export function createDispatch(options: DispatchOptions): Dispatch {
  const { table, metrics, strictOutput } = options;
  const surroundings: Surroundings = {
    ...options,
    needs: table.needs,
    publish: announced(options.publish, table.needs.publishes, options.log),
    deadlines: new Deadlines(options.callTimeoutMs),
    taskDeadlines: new Deadlines(options.taskTimeoutMs ?? TASK_TIMEOUT_MS),
  };
  const operations = operationsOf(table, metrics);
  const begin = (operation: Operation, request: Request): Run => new Run(surroundings, operation, request);

  const listed = <T>(method: string, pages: (cursor: string | undefined, request: Request) => Page<T>) => {
    const operation = createOperation(metrics, method);
    return (cursor: string | undefined, request: Request): Page<T> => {
      const run = begin(operation, request);
      try {
        const page = pages(cursor, request);
        run.close('ok');
        return page;
      } catch (error) {
        throw run.failure(error).error;
      }
    };
  };

  return {
    table,
    listTools: listed('tools/list', toolPages(table)),
    listPrompts: listed(
      'prompts/list',
      fixedPages(
        [...table.prompts.values()].map(({ prompt }) => listedPrompt(prompt)),
        ({ name }) => name,
      ),
    ),
    listTemplates: listed(
      'resources/templates/list',
      fixedPages(
        table.templates.map(({ resource }) => listedTemplate(resource)),
        ({ uriTemplate }) => uriTemplate,
      ),
    ),
    listResources(cursor, request) {
      const run = begin(operations.listResources, request);
      return whole(run, () => listResources(table, cursor, (deps) => run.callFor(deps)));
    },
    callTool(name, given, request) {
      const entry = table.tool(name, request.caller);
      const run = begin(operations.tools.get(name) ?? operations.callTool, request);
      return entry ? callTool(entry, given, run, strictOutput) : unknown(run, 'tool', name);
    },
    getPrompt(name, given, request) {
      const entry = table.prompts.get(name);
      const run = begin(operations.prompts.get(name) ?? operations.getPrompt, request);
      return entry ? getPrompt(entry, given, run) : unknown(run, 'prompt', name);
    },
    readResource(uri, request) {
      const found = findResource(table, uri);
      const operation = (found && operations.resources.get(found.entry.resource.uri)) ?? operations.readResource;
      return readResource(uri, found, table.sources, begin(operation, request));
    },
    complete: (asked, request) => whole(begin(operations.complete, request), () => complete(table, asked)),
    count(method, transport, work) {
      const operation = operations.carried[method];
      try {
        const result = work();
        operation.count(transport, 'ok', 0);
        return result;
      } catch (error) {
        operation.count(transport, error instanceof ScopeRequired ? 'forbidden' : 'invalid_request', 0);
        throw error;
      }
    },
    unknownMethod(transport) {
      operations.other.count(transport, 'not_found', 0);
      return new RpcError(METHOD_NOT_FOUND, 'Method not found.', undefined, 404);
    },
    answer(method, request, work) {
      let operation = operations.extensions.get(method);
      if (!operation) operations.extensions.set(method, (operation = createOperation(metrics, method)));
      return whole(begin(operation, request), work);
    },
  };
}

function operationsOf({ tools, prompts, resources, templates }: Table, metrics: Metrics) {
  const of = (method: string, name?: string): Operation => createOperation(metrics, method, name);
  const each = (method: string, names: Iterable<string>) => new Map([...names].map((name) => [name, of(method, name)]));
  const uris = [...resources.keys(), ...templates.map(({ resource }) => resource.uri)];
  return {
    tools: each('tools/call', tools.keys()),
    prompts: each('prompts/get', prompts.keys()),
    resources: each('resources/read', uris),
    callTool: of('tools/call'),
    getPrompt: of('prompts/get'),
    readResource: of('resources/read'),
    listResources: of('resources/list'),
    complete: of('completion/complete'),
    carried: { 'server/discover': of('server/discover'), 'subscriptions/listen': of('subscriptions/listen') },
    /** OpenTelemetry's word for a method that is not known. */
    other: of('_OTHER'),
    /** By the methods that extensions have. */
    extensions: new Map<string, Operation>(),
  };
}

/** Runs what has no name of its own and cannot ask. */
const whole = <Answer>(run: Run, work: () => Promise<Answer>): Promise<Answer> =>
  run.start({ deps: undefined, work, finish: (answer: Answer) => answer }) as Promise<Answer>;

function unknown(run: Run, kind: 'tool' | 'prompt', name: string): Promise<never> {
  const quoted = JSON.stringify(name.slice(0, 128));
  const message = `There is no ${kind} ${quoted}. ${kind}s/list names those that there are.`;
  return Promise.reject(run.failure(new RpcError(INVALID_PARAMS, message)).error);
}
