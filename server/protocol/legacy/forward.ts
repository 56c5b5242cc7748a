/**
 * Hands a request to the pod that holds its session and its answer back, as both come. Goes one step only. The client's
 * token stays here; the other pod takes this one's word for who calls. Must not be given an address that a client could
 * have made up.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Agent, request as open } from '../../http/node-http.ts';
import type { Caller } from '../../toolsets/call.ts';
import type { Sealer } from '../sealing.ts';
import { admittedMark, FORWARDED } from './admitted.ts';

export interface Forwarder {
  /** Resolves when the answer is through, or its connection broke; false where no answer came and none was begun. */
  forward(
    request: IncomingMessage,
    response: ServerResponse,
    body: unknown,
    caller: Caller,
    pod: string,
  ): Promise<boolean>;
  /** Ends what is still under way. Streams that GET has opened end in order, for their clients come back elsewhere. */
  close(): void;
}

const CONNECT_MS = 2_000;
/** Longer than two comments of a stream are apart, and than the time after which an answer becomes a stream. */
const SILENCE_MS = 45_000;
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** What a pod needs of a request, and nothing that would tell another who the client is. */
const PASSED_ON = new Set([
  'accept',
  'content-type',
  'host',
  'last-event-id',
  'mcp-protocol-version',
  'mcp-session-id',
  'origin',
  'traceparent',
  'tracestate',
]);

export function createForwarder(sealer: Sealer): Forwarder {
  const agent = new Agent({ keepAlive: true, timeout: SILENCE_MS });
  const endStreams = new Set<() => void>();
  return {
    forward: (request, response, body, caller, pod) =>
      new Promise((resolve) => {
        const { hostname, port } = new URL(`http://${pod}`);
        const text = body === undefined ? undefined : JSON.stringify(body);
        const headers = {
          ...only(request.headers, (name) => PASSED_ON.has(name)),
          [FORWARDED]: admittedMark(sealer, caller, String(request.headers['mcp-session-id']), pod),
          ...(text === undefined ? {} : { 'content-length': Buffer.byteLength(text) }),
        };
        const host = hostname.replace(/^\[|\]$/g, '');
        const upstream = open({ agent, host, port, method: request.method, path: request.url, headers });
        const connecting = setTimeout(() => upstream.destroy(), CONNECT_MS);
        const connected = (): void => clearTimeout(connecting);
        upstream.once('socket', (socket) => (socket.connecting ? socket.once('connect', connected) : connected()));
        upstream.once('timeout', () => upstream.destroy());
        upstream.once('response', (answer) => {
          response.writeHead(
            answer.statusCode ?? 502,
            only(answer.headers, (name) => !HOP_BY_HOP.has(name)),
          );
          // A stream begins at once; an answer that is whole stays in one piece with its headers, which some proxies need
          // (BREATH_MS in event-stream.ts).
          if (answer.headers['content-length'] === undefined) response.flushHeaders();
          answer.pipe(response);
          // Cut off in the middle, so ours must not look whole.
          answer.once('error', () => response.writableEnded || response.destroy());
          if (request.method !== 'GET') return;
          const end = (): void => {
            answer.unpipe(response);
            response.end();
          };
          endStreams.add(end);
          answer.once('close', () => endStreams.delete(end));
        });
        upstream.once('error', connected);
        upstream.once('close', () => resolve(response.headersSent || response.destroyed));
        response.once('close', () => upstream.destroy());
        upstream.end(text);
      }),
    close() {
      for (const end of endStreams) end();
      agent.destroy();
    },
  };
}

const only = (headers: IncomingHttpHeaders, isPassed: (name: string) => boolean): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => isPassed(name)));
