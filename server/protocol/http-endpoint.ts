/**
 * MCP over HTTP for a request whose body has been read and checked: 2026-07-28 and the revisions from 2024-11-05 to
 * 2025-11-25 behind one URL. Decides only which of the two eras a request is of. Must not check Host, Origin, sizes or
 * paths; that happened before.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuse } from '../http/answer.ts';
import type { Caller } from '../toolsets/call.ts';
import { createLegacyEndpoint, type LegacyEndpointOptions } from './legacy/endpoint.ts';
import { NOT_ALLOWED } from './legacy/refusals.ts';
import { isObject } from './message.ts';
import { createModernEndpoint, type ModernEndpointOptions } from './modern/endpoint.ts';
import { claimsVersion } from './modern/envelope.ts';
import { MODERN } from './request.ts';

export interface HttpEndpoint {
  /**
   * Answers one request; never throws or rejects. `body` is parsed JSON, undefined for GET and DELETE. A promise resolves
   * when the work has ended, which may be after the connection has.
   */
  handle(request: IncomingMessage, response: ServerResponse, body: unknown, caller: Caller): void | Promise<void>;
  /** Open sessions of the older revisions. */
  readonly sessions: number;
  /** Open streams of `subscriptions/listen`. */
  readonly subscriptions: number;
  /** Ends streams, spread over time, and sessions; requests are still answered. */
  close(): Promise<void>;
}

export type HttpEndpointOptions = ModernEndpointOptions & LegacyEndpointOptions;

export function createHttpEndpoint(options: HttpEndpointOptions): HttpEndpoint {
  const modern = createModernEndpoint(options);
  const legacy = createLegacyEndpoint(options);
  return {
    handle: (request, response, body, caller) => {
      if (!isModern(request, body)) return legacy.handle(request, response, body, caller);
      if (body === undefined) return refuse(response, NOT_ALLOWED); // without sessions there is nothing to GET or DELETE
      return modern.handle(request, response, body, caller);
    },
    get sessions() {
      return legacy.sessions;
    },
    get subscriptions() {
      return modern.subscriptions;
    },
    close: async () => {
      await Promise.all([modern.close(), legacy.close()]);
    },
  };
}

/** By the body first: a proxy may drop a header, but nobody else writes the revision into `_meta`. */
function isModern({ headers }: IncomingMessage, body: unknown): boolean {
  if (Array.isArray(body) && body.some((message) => isObject(message) && claimsVersion(message))) return true;
  if (isObject(body) && claimsVersion(body)) return true;
  const version = headers['mcp-protocol-version'];
  // Revisions are dates, so later ones sort behind; they are told which one is spoken here.
  return typeof version === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(version) && version >= MODERN;
}
