/**
 * The methods of revision 2026-07-28 over the dispatch: what they take from a message's params, and their results as
 * JSON text. The same for every transport. Must not know how a message arrived.
 */
import type { Dispatch } from '../dispatch.ts';
import type { Params } from '../message.ts';
import type { Page } from '../page.ts';
import { argumentsParam, completionParams, cursorParam, textParam } from '../params.ts';
import type { Answered, InputRequired, Request } from '../request.ts';
import { type ToolAnswer, toolAnswerMembers } from '../tool-call.ts';
import { discovered } from './capabilities.ts';
import type { NameMember } from './headers.ts';
import type { ModernRequest } from './request.ts';
import { type Keep, membersOf, prepared, type Result, type Results } from './results.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { TaskStates } from './task-watch.ts';

export interface Method {
  /** Member of the params that says what is meant. */
  readonly named?: NameMember;
  /** The result; undefined where it is sent over a line. Throws or rejects with RpcError or ScopeRequired. */
  answer(params: Params, request: ModernRequest): Result | undefined | Promise<Result | undefined>;
}

export type Methods = ReadonlyMap<string, Method>;

/** The handle of a call that goes on without its request. */
export interface CreatedTask {
  readonly task: object;
}

type TakeCall = (
  name: string,
  given: unknown,
  request: Request,
) => Promise<Answered<ToolAnswer> | CreatedTask> | undefined;

/** An extension of the protocol, with the capability that announces it. */
export interface Extension {
  /** Of the form `io.modelcontextprotocol/tasks`. */
  readonly id: string;
  readonly settings: Params;
  methods(results: Results): Methods;
  /** Takes a tool call over; undefined leaves it alone. */
  readonly callTool?: TakeCall;
  /** Tasks whose states clients may listen for. */
  readonly tasks?: TaskStates;
}

export interface MethodsOptions {
  readonly dispatch: Dispatch;
  readonly results: Results;
  readonly subscriptions: Subscriptions;
  readonly extensions?: readonly Extension[];
}

/** What changes only with the configuration, which means another process. */
const TABLE: Keep = { ttlMs: 60_000, scope: 'public' };
/** What differs from caller to caller, and for each only with the configuration. */
const OWN_TABLE: Keep = { ttlMs: 60_000, scope: 'private' };
const IDENTITY: Keep = { ttlMs: 300_000, scope: 'public' };
/** What toolsets list may differ from call to call and from caller to caller. */
const LISTED: Keep = { ttlMs: 0, scope: 'private' };

/** Only what this server offers is a method of it. */
export function createMethods(options: MethodsOptions): Methods {
  const { dispatch, results, subscriptions, extensions = [] } = options;
  const { table } = dispatch;
  const { complete, kept } = results;
  const discovery = prepared(kept(membersOf(discovered(table, extensions)), IDENTITY));

  /** A list whose pages are the same objects every time is written once. */
  const list = <T>(
    member: string,
    pages: (cursor: string | undefined, request: ModernRequest) => Page<T>,
    keep = TABLE,
  ): Method => {
    const written = new WeakMap<Page<T>, Result>();
    return {
      answer(params, request) {
        const page = pages(cursorParam(params), request);
        let result = written.get(page);
        if (result === undefined) written.set(page, (result = prepared(kept(pageMembers(member, page), keep))));
        return result;
      },
    };
  };
  const answered = <Answer extends object>(answer: Answered<Answer>, write: (answer: Answer) => string): string =>
    isInputRequired(answer) ? results.inputRequired(answer.inputRequired) : write(answer);

  const take = extensions.find(({ callTool }) => callTool)?.callTool;

  const methods = new Map<string, Method>([
    [
      'server/discover',
      { answer: (_, { transport }) => dispatch.count('server/discover', transport, () => discovery) },
    ],
    [
      'subscriptions/listen',
      {
        answer: (params, request) =>
          dispatch.count('subscriptions/listen', request.transport, () => subscriptions.open(params, request)),
      },
    ],
    ['tools/list', list('tools', dispatch.listTools, table.hasRoles ? OWN_TABLE : TABLE)],
    [
      'tools/call',
      {
        named: 'name',
        answer: (params, request) => {
          const name = textParam(params, 'name');
          const given = argumentsParam(params);
          const taken = take?.(name, given, request) ?? dispatch.callTool(name, given, request);
          return taken.then((answer) =>
            'task' in answer
              ? results.task(membersOf(answer.task))
              : answered(answer, (whole) => complete(toolAnswerMembers(whole))),
          );
        },
      },
    ],
  ]);
  if (table.prompts.size > 0) {
    methods.set('prompts/list', list('prompts', dispatch.listPrompts));
    methods.set('prompts/get', {
      named: 'name',
      answer: async (params, request) => {
        const answer = await dispatch.getPrompt(textParam(params, 'name'), params['arguments'], request);
        return answered(answer, (whole) => complete(membersOf(whole)));
      },
    });
  }
  if (table.hasResources) {
    const changes = table.sources.length > 0 || table.templates.some(({ resource }) => resource.list !== undefined);
    const keep = changes ? LISTED : TABLE;
    methods.set('resources/list', {
      answer: async (params, request) =>
        kept(pageMembers('resources', await dispatch.listResources(cursorParam(params), request)), keep),
    });
    methods.set('resources/templates/list', list('resourceTemplates', dispatch.listTemplates));
    methods.set('resources/read', {
      named: 'uri',
      answer: async (params, request) =>
        answered(await dispatch.readResource(textParam(params, 'uri'), request), ({ contents, cache }) =>
          kept(membersOf({ contents }), cache ?? LISTED),
        ),
    });
  }
  if (table.completes)
    methods.set('completion/complete', {
      answer: async (params, request) => {
        const completion = await dispatch.complete(completionParams(params), request);
        return complete(membersOf({ completion }));
      },
    });
  for (const extension of extensions)
    for (const [name, method] of extension.methods(results)) methods.set(name, method);
  return methods;
}

const isInputRequired = (answer: object): answer is { readonly inputRequired: InputRequired } =>
  'inputRequired' in answer;

function pageMembers<T>(member: string, { items, nextCursor }: Page<T>): string {
  return membersOf({ [member]: items, ...(nextCursor === undefined ? {} : { nextCursor }) });
}
