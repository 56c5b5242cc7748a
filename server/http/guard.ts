/**
 * Who may call: the Host header against DNS rebinding, the Origin header against foreign web pages, and CORS for the
 * pages that are allowed. Decides from headers alone, before any of the body is read.
 */
import type { IncomingMessage } from 'node:http';
import { isParameterHeader } from '../protocol/mirrored-arguments.ts';
import type { Refusal } from './answer.ts';

export interface Guard {
  /** Why the request is refused; undefined lets it pass. */
  check(request: IncomingMessage): Refusal | undefined;
  /** CORS headers for a request that has passed; undefined where no web page asked. */
  cors(request: IncomingMessage): Readonly<Record<string, string>> | undefined;
}

export interface GuardOptions {
  /** Host names without port; IPv6 addresses in brackets. */
  readonly allowedHosts: readonly string[];
  /** Origins such as `https://app.example.com`, beside pages of the allowed hosts. */
  readonly allowedOrigins: readonly string[];
}

/** A name or address and perhaps a port, and nothing else: no user, no path, no spaces. */
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::\d{1,5})?$/i;

const REQUEST_HEADERS = new Set([
  'accept',
  'authorization',
  'content-type',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  'traceparent',
  'tracestate',
]);
const EXPOSED = 'Mcp-Session-Id, WWW-Authenticate, Retry-After';
const PREFLIGHT_SECONDS = '600';

export function createGuard({ allowedHosts, allowedOrigins }: GuardOptions): Guard {
  const hosts = new Set(allowedHosts.map((host) => host.toLowerCase()));
  const origins = new Set(allowedOrigins.map((origin) => origin.toLowerCase().replace(/\/$/, '')));

  /** The one that came last; most requests have the same. */
  let known: string | undefined;
  const hostAllowed = (host: string | undefined): boolean => {
    if (host !== undefined && host === known) return true;
    const name = host === undefined ? undefined : HOST.exec(host)?.[1];
    const allowed = name !== undefined && hosts.has(name.toLowerCase());
    if (allowed) known = host;
    return allowed;
  };
  const originAllowed = (origin: string): boolean => {
    if (origins.has(origin.toLowerCase())) return true;
    const [, host] = /^https?:\/\/([^/?#@\s]+)$/i.exec(origin) ?? [];
    return hostAllowed(host);
  };
  return {
    check({ url = '', headers, rawHeaders }) {
      // The absolute form is for proxies; its authority would stand beside the Host header.
      if (!url.startsWith('/') && url !== '*')
        return { status: 403, reason: 'host', message: 'Send the request to a path, not to an absolute URI.' };
      if (severalHosts(rawHeaders) || !hostAllowed(headers.host))
        return { status: 403, reason: 'host', message: 'This Host is not served here; set exposure.publicUrl.' };
      if (headers.origin !== undefined && !originAllowed(headers.origin))
        return {
          status: 403,
          reason: 'origin',
          message: 'This Origin may not call; add it to exposure.allowedOrigins.',
        };
      return undefined;
    },
    cors({ headers, method }) {
      if (headers.origin === undefined) return undefined;
      const always = {
        'access-control-allow-origin': headers.origin,
        'access-control-expose-headers': EXPOSED,
        vary: 'Origin',
      };
      if (method !== 'OPTIONS') return always;
      return {
        ...always,
        'access-control-allow-methods': 'GET, POST, DELETE, OPTIONS',
        'access-control-allow-headers': allowedHeaders(headers['access-control-request-headers']),
        'access-control-max-age': PREFLIGHT_SECONDS,
      };
    },
  };
}

/** Names and values in turns, as they came; `headers` shows the first Host only. */
function severalHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.length === 4 && rawHeaders[i]?.toLowerCase() === 'host') hosts += 1;
  return hosts > 1;
}

/** `*` does not cover Authorization and has no form for Mcp-Param-…, so what is asked for is answered, where known. */
function allowedHeaders(asked = ''): string {
  const parameters = asked
    .slice(0, 4096)
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter(isParameterHeader);
  return [...REQUEST_HEADERS, ...new Set(parameters)].join(', ');
}
