/**
 * Hands a request to the pod that holds its session and its answer back, as both come. Goes one step only. Must not be
 * given an address that a client could have made up.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Agent, request as open } from '../../http/node-http.ts';

export interface Forwarder {
  /** Resolves when the answer is through, or its connection broke; false where no answer came and none was begun. */
  forward(request: IncomingMessage, response: ServerResponse, body: unknown, pod: string): Promise<boolean>;
  close(): void;
}

/** On a request that another pod has forwarded; it is not forwarded again. */
export const FORWARDED = 'x-mcp-fleet-forwarded';

const CONNECT_MS = 2_000;
/** Longer than two comments of a stream are apart, and than the time after which an answer becomes a stream. */
const SILENCE_MS = 45_000;
const HOP_BY_HOP = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export function createForwarder(): Forwarder {
  const agent = new Agent({ keepAlive: true, timeout: SILENCE_MS });
  return {
    forward: (request, response, body, pod) =>
      new Promise((resolve) => {
        const { hostname, port } = new URL(`http://${pod}`);
        const text = body === undefined ? undefined : JSON.stringify(body);
        const headers = {
          ...endToEnd(request.headers),
          [FORWARDED]: '1',
          ...(text === undefined ? {} : { 'content-length': Buffer.byteLength(text) }),
        };
        const host = hostname.replace(/^\[|\]$/g, '');
        const upstream = open({ agent, host, port, method: request.method, path: request.url, headers });
        const connecting = setTimeout(() => upstream.destroy(), CONNECT_MS);
        const connected = (): void => clearTimeout(connecting);
        upstream.once('socket', (socket) => (socket.connecting ? socket.once('connect', connected) : connected()));
        upstream.once('timeout', () => upstream.destroy());
        upstream.once('response', (answer) => {
          response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
          response.flushHeaders();
          answer.pipe(response);
          answer.once('error', () => response.destroy()); // cut off in the middle, so ours must not look whole
        });
        upstream.once('error', connected);
        upstream.once('close', () => resolve(response.headersSent || response.destroyed));
        response.once('close', () => upstream.destroy());
        upstream.end(text);
      }),
    close: () => agent.destroy(),
  };
}

const endToEnd = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)));
