/**
 * The MCP port: takes each request through method and path, Host and Origin, type, size and shape of the body, and
 * hands what is left to the protocol. Cheapest check first; nothing is read that is refused anyway.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { HttpEndpoint } from '../protocol/http-endpoint.ts';
import { INTERNAL_ERROR } from '../protocol/rpc-error.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { errorBody, type Refusal, refuse } from './answer.ts';
import { discardBody, readBody } from './body.ts';
import type { Guard } from './guard.ts';
import type { InFlight } from './in-flight.ts';
import { parseJson } from './json.ts';

export interface McpListenerOptions {
  readonly path: string;
  readonly guard: Guard;
  readonly endpoint: HttpEndpoint;
  readonly maxBodyBytes: number;
  readonly inFlight: InFlight;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** While true every answer ends its connection, so that clients move elsewhere. */
  draining(): boolean;
}

/** Not listening yet. */
export function createMcpServer(options: McpListenerOptions): Server {
  const { metrics, log } = options;
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 60_000,
      // Longer than proxies keep an idle connection (Traefik 90 s), so that it is never we who cut one just taken.
      keepAliveTimeout: 95_000,
      connectionsCheckingInterval: 5_000,
      maxHeaderSize: 16 * 1024,
    },
    (request, response) => {
      options.inFlight.add(response);
      if (options.draining()) response.setHeader('connection', 'close');
      answer(request, response, options).catch((error: unknown) => {
        log.error({ error }, 'a request failed outside the protocol');
        refuse(response, { status: 500, reason: 'internal', message: 'internal error', code: INTERNAL_ERROR });
        response.destroy();
      });
    },
  );
  server.on('clientError', (error, socket) => {
    metrics.refused('malformed');
    refuseConnection(error, socket as Socket);
  });
  return server;
}

async function answer(request: IncomingMessage, response: ServerResponse, options: McpListenerOptions): Promise<void> {
  const refused = precheck(request, options);
  const headers = refused?.status === 403 ? {} : options.guard.cors(request);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (refused) return stop(request, response, options, refused);
  if (request.method === 'OPTIONS') {
    response.writeHead(204).end();
    return;
  }
  const body = await readBody(request, options.maxBodyBytes);
  if (body === 'Aborted') return;
  if (body === 'TooLarge')
    return stop(request, response, options, {
      status: 413,
      reason: 'size',
      message: `The body is larger than ${options.maxBodyBytes} bytes. Send less at once.`,
    });
  const parsed = parseJson(body);
  if (!parsed.ok) return stop(request, response, options, { status: 400, reason: 'json', ...parsed });
  await options.endpoint.handle(request, response, parsed.value);
}

function precheck(request: IncomingMessage, { path, guard }: McpListenerOptions): Refusal | undefined {
  const { url = '', method, headers } = request;
  const foreign = guard.check(request);
  if (foreign) return foreign;
  if (url.split('?', 1)[0] !== path)
    return { status: 404, reason: 'path', message: `Nothing is served here. The MCP endpoint is ${path}.` };
  if (method === 'OPTIONS') return undefined;
  if (method !== 'POST') {
    const message = 'Method not allowed. Send MCP requests with POST.';
    return { status: 405, reason: 'method', message, headers: { allow: 'POST, OPTIONS' } };
  }
  if (!/^application\/json\s*(;\s*charset=(utf-8|"utf-8")\s*)?$/i.test(headers['content-type'] ?? ''))
    return { status: 415, reason: 'type', message: 'Content-Type must be application/json, in UTF-8.' };
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    return { status: 415, reason: 'encoding', message: 'Send the body without Content-Encoding.' };
  return undefined;
}

function stop(request: IncomingMessage, response: ServerResponse, options: McpListenerOptions, refusal: Refusal): void {
  options.metrics.refused(refusal.reason);
  options.log.debug({ status: refusal.status, reason: refusal.reason }, 'refused');
  refuse(response, refusal);
  discardBody(request);
}

/** What cannot be read as HTTP gets a JSON answer too. */
function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, message] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'The headers are too large.']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'The request took too long to arrive.']
        : ['400 Bad Request', 'The request is not valid HTTP.'];
  const body = errorBody(-32_000, message);
  const length = Buffer.byteLength(body);
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${body}`,
  );
}
