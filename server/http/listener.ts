/**
 * The MCP port: takes each request through Host and Origin, path and method, type and size, identity, rate, room, and
 * the shape of its body, and hands what is left to the protocol. Cheapest check first; nothing is read that is refused
 * anyway. Goes from step to step without a promise wherever the answer is known at once.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { Authenticator, Verdict } from '../auth/authenticator.ts';
import type { RequestLimiter } from '../limits/request-limiter.ts';
import type { HttpEndpoint } from '../protocol/http-endpoint.ts';
import { MAX_BATCH } from '../protocol/legacy/batch.ts';
import { INTERNAL_ERROR } from '../protocol/rpc-error.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Caller } from '../toolsets/call.ts';
import { type Refusal, refuse } from './answer.ts';
import { type Body, discardBody, IncomingRequest, receiveBody } from './body.ts';
import { sendWaiting } from './end-of-turn.ts';
import type { Guard } from './guard.ts';
import { allowHandOver } from './hand-over.ts';
import type { InFlight } from './in-flight.ts';
import { parseJson } from './json.ts';
import { answerMalformed } from './malformed.ts';
import { createServer } from './node-http.ts';
import { noRoom, problemOf, tooLarge, tooManyRequests } from './refusals.ts';
import { cutUnread, type UnreadLimits } from './unread.ts';

export interface McpListenerOptions {
  readonly path: string;
  readonly guard: Guard;
  readonly authenticator: Pick<Authenticator, 'authenticate' | 'handle'>;
  readonly rateLimiter?: RequestLimiter | undefined;
  readonly endpoint: Pick<HttpEndpoint, 'handle'>;
  readonly maxBodyBytes: number;
  /** More connections than that are closed as they come. */
  readonly maxConnections: number;
  readonly inFlight: InFlight;
  readonly metrics: Pick<Metrics, 'refused'>;
  readonly log: Logger;
  readonly times?: Partial<Times>;
  readonly unread?: Partial<UnreadLimits>;
  /** While true every answer ends its connection, so that clients move elsewhere. */
  draining(): boolean;
}

/** In milliseconds. */
interface Times {
  /** For the headers of a request, from its first byte or the start of the connection. */
  readonly headersTimeout: number;
  /** For a whole request; an answer may take longer. */
  readonly requestTimeout: number;
  readonly connectionsCheckingInterval: number;
}

const TIMES: Times = { headersTimeout: 10_000, requestTimeout: 60_000, connectionsCheckingInterval: 5_000 };
/** Longer than proxies keep an idle connection (Traefik 90 s), so that it is never we who cut one just taken. */
const KEEP_ALIVE_MS = 95_000;
const MAX_HEADER_BYTES = 16 * 1024;

const LISTEN = 'subscriptions/listen';

/** Not listening yet. */
export function createMcpServer(options: McpListenerOptions): Server {
  const { log, metrics } = options;
  const front = createFront(options);
  const serve = (request: IncomingRequest, response: ServerResponse): void => {
    try {
      front.serve(request, response);
    } catch (error) {
      front.fail(response, error);
    }
  };
  const server = createServer(
    {
      ...TIMES,
      ...options.times,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      IncomingMessage: IncomingRequest,
    },
    serve,
  );
  server.maxConnections = options.maxConnections;
  allowHandOver(server);
  // Otherwise the body would be asked for before anything is checked.
  server.on('checkContinue', serve);
  const endWatch = cutUnread(() => options.inFlight.responses, options.unread);
  server.on('close', endWatch);
  server.on('drop', () => {
    metrics.refused('connections');
    log.debug('a connection was closed: there are too many');
  });
  server.on('clientError', front.malformed);
  return server;
}

interface Front {
  serve(request: IncomingRequest, response: ServerResponse): void;
  /** What cannot be read as HTTP. */
  readonly malformed: (error: Error, socket: Duplex) => void;
  /** A programming error; the connection ends with it, because nobody knows what was written. */
  fail(response: ServerResponse, error: unknown): void;
}

function createFront(options: McpListenerOptions): Front {
  const { path, guard, authenticator, rateLimiter, endpoint, maxBodyBytes, inFlight, metrics, log } = options;

  const serve: Front['serve'] = (request, response) => {
    const { socket } = request;
    // Whoever cannot hear an answer has nothing done for it.
    if (socket.writableEnded) return;
    inFlight.seen();
    if (request.httpVersionMinor === 0 && request.headers['transfer-encoding'] !== undefined)
      return malformed(new Error('HTTP/1.0 knows no Transfer-Encoding (RFC 9112, 6.1)'), socket);
    if (options.draining()) response.shouldKeepAlive = false;
    const foreign = guard.check(request);
    if (foreign) return stop(request, response, foreign);
    const cors = guard.cors(request);
    if (cors) for (const [name, value] of Object.entries(cors)) response.setHeader(name, value);
    const { url = '', method } = request;
    if (url !== path && url.split('?', 1)[0] !== path) {
      if (authenticator.handle(request, response)) return;
      const message = `Nothing is served here. The MCP endpoint is ${path}.`;
      return stop(request, response, { status: 404, reason: 'path', message });
    }
    if (method === 'OPTIONS') {
      response.writeHead(204).end();
      return;
    }
    const problem = problemOf(request, maxBodyBytes);
    if (problem) return stop(request, response, problem);
    when(authenticator.authenticate(request), response, (verdict) => judged(request, response, verdict));
  };

  const malformed: Front['malformed'] = (error, socket) => {
    metrics.refused('malformed');
    sendWaiting();
    answerMalformed(error, socket);
  };

  const judged = (request: IncomingRequest, response: ServerResponse, verdict: Verdict): void => {
    if (!verdict.ok) return stop(request, response, verdict.refusal);
    const { caller } = verdict;
    if (!rateLimiter) return admit(request, response, caller);
    when(rateLimiter.take(request, caller), response, (taken) => {
      if (taken.ok) return admit(request, response, caller);
      stop(request, response, tooManyRequests(taken.retryAfterMs));
    });
  };

  const admit = (request: IncomingRequest, response: ServerResponse, caller: Caller): void => {
    if (response.destroyed) return;
    // The stream of a session and its end are no work, and have no body.
    if (request.method !== 'POST') return when(endpoint.handle(request, response, undefined, caller), response);
    if (inFlight.full) return stop(request, response, noRoom());
    inFlight.add(response);
    if (request.headers.expect !== undefined) response.writeContinue();
    receiveBody(request, maxBodyBytes, (body) => {
      try {
        received(request, response, body, caller);
      } catch (error) {
        fail(response, error);
      }
    });
  };

  const received = (request: IncomingRequest, response: ServerResponse, body: Body, caller: Caller): void => {
    if (body === 'TooLarge') return stop(request, response, tooLarge(maxBodyBytes));
    const parsed = parseJson(body);
    if (!parsed.ok) return stop(request, response, { status: 400, reason: 'json', ...parsed });
    const { value } = parsed;
    // Longer ones are refused by the protocol.
    if (Array.isArray(value) && value.length > 1 && value.length <= MAX_BATCH)
      return receivedBatch(request, response, value, caller);
    // Such a stream stays open for hours, and has a limit of its own.
    if ((value as { readonly method?: unknown } | null)?.method === LISTEN) inFlight.release(response);
    answer(request, response, value, caller);
  };

  /** As many requests as it holds messages; one of them was counted when it came. */
  const receivedBatch = (
    request: IncomingRequest,
    response: ServerResponse,
    batch: readonly unknown[],
    caller: Caller,
  ): void => {
    const most = Math.min(inFlight.max, rateLimiter?.burst ?? Number.POSITIVE_INFINITY);
    if (batch.length > most) {
      const message = `The batch holds ${batch.length} messages, and at most ${most} may come at once. Send fewer.`;
      return stop(request, response, { status: 413, reason: 'size', message });
    }
    if (!inFlight.weigh(response, batch.length)) return stop(request, response, noRoom());
    if (!rateLimiter) return answer(request, response, batch, caller);
    when(rateLimiter.take(request, caller, batch.length - 1), response, (taken) => {
      if (!taken.ok) stop(request, response, tooManyRequests(taken.retryAfterMs));
      else if (!response.destroyed) answer(request, response, batch, caller);
    });
  };

  const answer = (request: IncomingRequest, response: ServerResponse, body: unknown, caller: Caller): void => {
    const answered = endpoint.handle(request, response, body, caller);
    if (!(answered instanceof Promise)) return;
    // The call of a session may go on after its connection has gone.
    inFlight.until(response, answered);
    when(answered, response);
  };

  const stop = (request: IncomingRequest, response: ServerResponse, refusal: Refusal): void => {
    metrics.refused(refusal.reason);
    if (log.isLevelEnabled('debug')) log.debug({ status: refusal.status, reason: refusal.reason }, 'refused');
    refuse(response, refusal);
    discardBody(request);
  };

  /** Goes on at once with what is no promise. */
  const when = <T>(value: T | Promise<T>, response: ServerResponse, step: (value: T) => void = ignore): void => {
    if (value instanceof Promise) value.then(step).catch((error: unknown) => fail(response, error));
    else step(value);
  };

  const fail: Front['fail'] = (response, error) => {
    log.error({ error }, 'a request failed outside the protocol');
    response.shouldKeepAlive = false;
    if (response.headersSent) response.destroy();
    else refuse(response, { status: 500, reason: 'internal', message: 'internal error', code: INTERNAL_ERROR });
  };
  return { serve, malformed, fail };
}

const ignore = (): void => undefined;
