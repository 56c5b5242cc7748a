/**
 * MCP over HTTP for a request whose body has been read and checked: 2026-07-28 and the revisions from 2024-11-05 to
 * 2025-11-25 behind one URL. The seam at which another implementation of the protocol can stand. Must not check Host,
 * Origin, sizes or paths; that happened before.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node';
import {
  CLIENT_CAPABILITIES_META_KEY,
  createMcpHandler,
  PROTOCOL_VERSION_META_KEY,
} from '@modelcontextprotocol/server';
import type { Logger } from 'pino';
import type { Dispatch } from './dispatch.ts';
import { type Identity, sdkServerFactory } from './sdk-server.ts';

export interface HttpEndpoint {
  /** Answers one POST; never rejects. `body` is parsed JSON. */
  handle(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void>;
  /** Loads what the first request would load otherwise. */
  warm(): Promise<void>;
  /** Ends what is still open; requests after it get 500, so close after the last one. */
  close(): Promise<void>;
}

export interface HttpEndpointOptions {
  readonly identity: Identity;
  readonly dispatch: Dispatch;
  readonly log: Logger;
}

const MODERN = '2026-07-28';

/** Comments on open streams, in milliseconds; below the idle timeouts of common proxies (60 s). */
const KEEP_ALIVE_MS = 15_000;

export function createHttpEndpoint({ identity, dispatch, log }: HttpEndpointOptions): HttpEndpoint {
  const onError = (error: Error): void => log.debug({ error }, 'protocol');
  const handler = createMcpHandler(sdkServerFactory({ identity, dispatch, transport: 'http', onError }), {
    legacy: 'stateless',
    maxSubscriptions: 0, // nothing is published, so nobody needs to hold a stream open
    keepAliveMs: KEEP_ALIVE_MS,
    onerror: onError,
  });
  const handle = toNodeHandler(handler, { onerror: (error) => log.error({ error }, 'protocol') });
  return {
    handle: (request, response, body) => handle(request as NodeIncomingMessageLike, response, body),
    async warm() {
      const _meta = { [PROTOCOL_VERSION_META_KEY]: MODERN, [CLIENT_CAPABILITIES_META_KEY]: {} };
      const response = await handler.fetch(
        new Request('http://localhost/', {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            'mcp-protocol-version': MODERN,
            'mcp-method': 'tools/list',
          },
          body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'tools/list', params: { _meta } }),
        }),
      );
      await response.arrayBuffer();
    },
    close: () => handler.close(),
  };
}
