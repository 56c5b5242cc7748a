/**
 * The requests of the revisions with `initialize`, beside the handshake itself: parameters in, the result as JSON text
 * out. Must not know a transport.
 */

import type { Dispatch } from '../dispatch.ts';
import { isLogLevel, type LogLevel } from '../log-level.ts';
import type { Params } from '../message.ts';
import type { Page } from '../page.ts';
import { argumentsParam, completionParams, cursorParam, textParam } from '../params.ts';
import type { Answered, Request } from '../request.ts';
import { checkReadable } from '../resources.ts';
import { INVALID_PARAMS, RpcError } from '../rpc-error.ts';
import { toolAnswerMembers } from '../tool-call.ts';
import type { Leg } from './initialize.ts';
import type { Watched } from './watched.ts';

/** What a conversation remembers of its client's wishes. */
export interface Wishes {
  level: LogLevel | undefined;
  readonly watched: Watched;
}

export interface Asking {
  readonly dispatch: Dispatch;
  readonly leg: Leg;
  readonly wishes: Wishes;
  readonly request: Request;
  readonly params: Params;
}

type Method = (asking: Asking) => string | Promise<string>;

const EMPTY = '{}';

const methods: Readonly<Record<string, Method>> = {
  ping: () => EMPTY,
  'tools/list': ({ dispatch, params, request }) => pageText('tools', dispatch.listTools(cursorParam(params), request)),
  'tools/call': async ({ dispatch, params, request }) => {
    const answer = await dispatch.callTool(textParam(params, 'name'), argumentsParam(params), request);
    return `{${toolAnswerMembers(answered(answer))}}`;
  },
  'resources/list': async ({ dispatch, params, request }) => {
    const { items, ...more } = await dispatch.listResources(cursorParam(params), request);
    return JSON.stringify({ resources: items, ...more });
  },
  'resources/templates/list': ({ dispatch, params, request }) =>
    pageText('resourceTemplates', dispatch.listTemplates(cursorParam(params), request)),
  'resources/read': async ({ dispatch, params, request }) => {
    const { contents } = answered(await dispatch.readResource(textParam(params, 'uri'), request));
    return JSON.stringify({ contents });
  },
  'resources/subscribe': ({ dispatch, wishes, params, request }) => {
    const uri = textParam(params, 'uri');
    const { scopes } = request.caller;
    if (scopes) checkReadable(dispatch.table, [uri], scopes);
    wishes.watched.add(uri);
    return EMPTY;
  },
  'resources/unsubscribe': ({ wishes, params }) => {
    wishes.watched.delete(textParam(params, 'uri'));
    return EMPTY;
  },
  'prompts/list': ({ dispatch, params, request }) =>
    pageText('prompts', dispatch.listPrompts(cursorParam(params), request)),
  'prompts/get': async ({ dispatch, params, request }) =>
    JSON.stringify(answered(await dispatch.getPrompt(textParam(params, 'name'), params['arguments'], request))),
  'completion/complete': async ({ dispatch, params, request }) =>
    JSON.stringify({ completion: await dispatch.complete(completionParams(params), request) }),
  'logging/setLevel': ({ wishes, params }) => {
    const level = params['level'];
    if (!isLogLevel(level)) throw new RpcError(INVALID_PARAMS, 'level must be one of RFC 5424, such as "info".');
    wishes.level = level;
    return EMPTY;
  },
};

/** Rejects with RpcError or ScopeRequired. */
export async function answerMethod(method: string, asking: Asking): Promise<string> {
  const known = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (!known || !offered(method, asking)) throw asking.dispatch.unknownMethod(asking.request.transport);
  return known(asking);
}

/** What is not among the capabilities is not there. */
function offered(method: string, { leg, dispatch: { table } }: Asking): boolean {
  if (method === 'tools/call' || method === 'tools/list' || method === 'ping') return true;
  if (method.endsWith('subscribe')) return leg === 'conversation' && table.needs.publishes.has('resource');
  if (method === 'logging/setLevel') return leg === 'conversation' && table.needs.logging;
  if (method.startsWith('prompts/')) return table.prompts.size > 0;
  if (method.startsWith('resources/')) return table.hasResources;
  return table.completes;
}

/** Where a request can ask the client it never ends with questions. */
function answered<Answer extends object>(answer: Answered<Answer>): Answer {
  if ('inputRequired' in answer) throw new Error('a request that can ask its client has ended with questions');
  return answer;
}

const texts = new WeakMap<object, string>();

/** A page that the dispatch gives again and again is written out once. */
function pageText<T>(name: string, page: Page<T>): string {
  const known = texts.get(page);
  if (known !== undefined) return known;
  const { items, ...more } = page;
  const text = JSON.stringify({ [name]: items, ...more });
  texts.set(page, text);
  return text;
}
