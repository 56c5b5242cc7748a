/**
 * The MCP port: takes each request through Host and Origin, path and method, type and size, identity, rate, room, and
 * the shape of its body, and hands what is left to the protocol. Cheapest check first; nothing is read that is refused
 * anyway. Goes from step to step without a promise wherever the answer is known at once.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { Authenticator, Verdict } from '../auth/authenticator.ts';
import type { RequestLimiter } from '../limits/request-limiter.ts';
import type { HttpEndpoint } from '../protocol/http-endpoint.ts';
import { INTERNAL_ERROR } from '../protocol/rpc-error.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Caller } from '../toolsets/call.ts';
import { type Refusal, refuse, retryLater } from './answer.ts';
import { type Body, discardBody, receiveBody } from './body.ts';
import { sendWaiting } from './end-of-turn.ts';
import type { Guard } from './guard.ts';
import { allowHandOver } from './hand-over.ts';
import type { InFlight } from './in-flight.ts';
import { parseJson } from './json.ts';
import { answerMalformed } from './malformed.ts';
import { createServer } from './node-http.ts';

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
/** Clients that were refused for lack of room come back within that time, not all at once. */
const ROOM_MS = 1_000;

const JSON_TYPE = /^application\/json\s*(;\s*charset=(utf-8|"utf-8")\s*)?$/i;
const LISTEN = 'subscriptions/listen';

/** Not listening yet. */
export function createMcpServer(options: McpListenerOptions): Server {
  const { log, metrics } = options;
  const front = createFront(options);
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    try {
      front.serve(request, response);
    } catch (error) {
      front.fail(response, error);
    }
  };
  const server = createServer(
    { ...TIMES, ...options.times, keepAliveTimeout: KEEP_ALIVE_MS, maxHeaderSize: MAX_HEADER_BYTES },
    serve,
  );
  server.maxConnections = options.maxConnections;
  allowHandOver(server);
  // Otherwise the body would be asked for before anything is checked.
  server.on('checkContinue', serve);
  server.on('drop', () => {
    metrics.refused('connections');
    log.debug('a connection was closed: there are too many');
  });
  server.on('clientError', (error, socket) => {
    metrics.refused('malformed');
    sendWaiting();
    answerMalformed(error, socket);
  });
  return server;
}

interface Front {
  serve(request: IncomingMessage, response: ServerResponse): void;
  /** A programming error; the connection ends with it, because nobody knows what was written. */
  fail(response: ServerResponse, error: unknown): void;
}

function createFront(options: McpListenerOptions): Front {
  const { path, guard, authenticator, rateLimiter, endpoint, maxBodyBytes, inFlight, metrics, log } = options;

  const serve: Front['serve'] = (request, response) => {
    inFlight.seen();
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

  const judged = (request: IncomingMessage, response: ServerResponse, verdict: Verdict): void => {
    if (!verdict.ok) return stop(request, response, verdict.refusal);
    const { caller } = verdict;
    if (!rateLimiter) return admit(request, response, caller);
    when(rateLimiter.take(request, caller), response, (taken) => {
      if (taken.ok) return admit(request, response, caller);
      const message = 'Too many requests. Wait before the next one.';
      stop(request, response, retryLater({ status: 429, reason: 'rate', message }, taken.retryAfterMs));
    });
  };

  const admit = (request: IncomingMessage, response: ServerResponse, caller: Caller): void => {
    if (response.destroyed) return;
    // The stream of a session and its end are no work, and have no body.
    if (request.method !== 'POST') return when(endpoint.handle(request, response, undefined, caller), response);
    if (inFlight.full) {
      const message = 'This server works on as many requests as it can. Send the request again.';
      const retryAfterMs = Math.ceil(ROOM_MS * (0.5 + Math.random() / 2));
      return stop(request, response, retryLater({ status: 503, reason: 'in_flight', message }, retryAfterMs));
    }
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

  const received = (request: IncomingMessage, response: ServerResponse, body: Body, caller: Caller): void => {
    if (body === 'TooLarge') return stop(request, response, tooLarge(maxBodyBytes));
    const parsed = parseJson(body);
    if (!parsed.ok) return stop(request, response, { status: 400, reason: 'json', ...parsed });
    // Such a stream stays open for hours, and has a limit of its own.
    if ((parsed.value as { readonly method?: unknown } | null)?.method === LISTEN) inFlight.release(response);
    when(endpoint.handle(request, response, parsed.value, caller), response);
  };

  const stop = (request: IncomingMessage, response: ServerResponse, refusal: Refusal): void => {
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
  return { serve, fail };
}

const ignore = (): void => undefined;

/** What is wrong with a request to the endpoint by its method and headers. */
function problemOf({ method, headers }: IncomingMessage, maxBodyBytes: number): Refusal | undefined {
  if (method !== 'POST') {
    if ((method === 'GET' || method === 'DELETE') && headers['mcp-session-id'] !== undefined) return undefined;
    const message = 'Method not allowed. Send MCP requests with POST.';
    return { status: 405, reason: 'method', message, headers: { allow: 'POST, OPTIONS' } };
  }
  const type = headers['content-type'];
  if (type !== 'application/json' && !JSON_TYPE.test(type ?? ''))
    return { status: 415, reason: 'type', message: 'Content-Type must be application/json, in UTF-8.' };
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity')
    return { status: 415, reason: 'encoding', message: 'Send the body without Content-Encoding.' };
  return Number(headers['content-length']) > maxBodyBytes ? tooLarge(maxBodyBytes) : undefined;
}

const tooLarge = (maxBodyBytes: number): Refusal => ({
  status: 413,
  reason: 'size',
  message: `The body is larger than ${maxBodyBytes} bytes. Send less at once.`,
});
