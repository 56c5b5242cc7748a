/**
 * Revision 2026-07-28 over HTTP: one POST is one request and one answer, and nothing is kept between two. Checks the
 * message and its headers, finds the method, sends what it gives. Must not check Host, Origin, sizes or paths.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { EventBus } from '../../events/event.ts';
import type { Refusal } from '../../http/answer.ts';
import type { TimerWheel } from '../../http/timer-wheel.ts';
import type { Caller } from '../../toolsets/call.ts';
import { Deadlines } from '../deadline.ts';
import type { Dispatch } from '../dispatch.ts';
import type { Identity } from '../identity.ts';
import { type Id, readMessage } from '../message.ts';
import { INTERNAL_ERROR, INVALID_REQUEST, RpcError, ScopeRequired } from '../rpc-error.ts';
import { type ModernMessage, readEnvelope } from './envelope.ts';
import { Exchange, sendError } from './exchange.ts';
import { checkHeaders, checkRevision } from './headers.ts';
import { createMethods, type Extension } from './methods.ts';
import { ModernRequest } from './request.ts';
import { createResults } from './results.ts';
import { Subscriptions } from './subscriptions.ts';

export interface ModernEndpointOptions {
  readonly identity: Identity;
  readonly dispatch: Dispatch;
  readonly bus: EventBus;
  readonly wheel: TimerWheel;
  readonly maxSubscriptions: number;
  /** The refusal of a caller who lacks these scopes. */
  challenge(scopes: readonly string[]): Refusal;
  readonly log: Logger;
  readonly extensions?: readonly Extension[] | undefined;
  /** When a silent answer becomes a stream, in milliseconds. */
  readonly patienceMs?: number;
  /** How long `close` takes for so many subscriptions, in milliseconds. */
  readonly endMs?: (count: number) => number;
}

export interface ModernEndpoint {
  /** Answers one POST; never throws. `body` is parsed JSON. */
  handle(request: IncomingMessage, response: ServerResponse, body: unknown, caller: Caller): void;
  readonly subscriptions: number;
  /** Ends every subscription, spread over time; those that come later end at once. */
  close(): Promise<void>;
}

/** Below the time after which common proxies take a silent answer for lost (60 s), in milliseconds. */
const PATIENCE_MS = 15_000;

export function createModernEndpoint(options: ModernEndpointOptions): ModernEndpoint {
  const { identity, dispatch, log, wheel } = options;
  const { table } = dispatch;
  const results = createResults(identity);
  const subscriptions = new Subscriptions({ ...options, table, results });
  const methods = createMethods({ dispatch, results, subscriptions, extensions: options.extensions ?? [] });
  const patience = new Deadlines(options.patienceMs ?? PATIENCE_MS);

  const answer = (message: ModernMessage, request: IncomingMessage, response: ServerResponse, caller: Caller): void => {
    const method = methods.get(message.method);
    checkHeaders(message, request.headers, method?.named, table, caller);
    if (!method) throw dispatch.unknownMethod('http');
    const exchange = new Exchange(message.id, request, response, { wheel, patience });
    const failed = (error: unknown): void => {
      if (error instanceof ScopeRequired) exchange.refuse(options.challenge(error.scopes));
      else exchange.fail(known(error));
    };
    try {
      const result = method.answer(message.params, new ModernRequest(message, exchange, caller, 'http'));
      if (result === undefined) return;
      if (!(result instanceof Promise)) return exchange.succeed(result);
      exchange.wait();
      result.then((made) => made !== undefined && exchange.succeed(made), failed);
    } catch (error) {
      failed(error);
    }
  };
  const known = (error: unknown): RpcError => {
    if (error instanceof RpcError) return error;
    log.error({ error }, 'a request failed outside the error wrapper');
    return new RpcError(INTERNAL_ERROR, 'internal error');
  };

  return {
    handle(request, response, body, caller) {
      let id: Id | null = null;
      try {
        const message = readMessage(body);
        if (message.kind === 'notification') {
          checkRevision(message, request.headers);
          response.writeHead(202).end(); // nothing that a client may notify of is of use here
          return;
        }
        id = message.id;
        if (message.kind !== 'request') throw notRequest(message.kind === 'invalid' ? message.problem : undefined);
        checkRevision(message, request.headers);
        answer(readEnvelope(message), request, response, caller);
      } catch (error) {
        sendError(response, id, known(error));
      }
    },
    get subscriptions() {
      return subscriptions.count;
    },
    close: () => subscriptions.close(),
  };
}

const notRequest = (problem = 'in this revision clients send no responses'): RpcError =>
  new RpcError(INVALID_REQUEST, `Invalid request: ${problem}.`, undefined, 400);
