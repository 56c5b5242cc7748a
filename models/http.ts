/**
 * HTTP to one endpoint: its pool of connections, credential, deadlines and the guard
 * against addresses that no backend may have; redirects are never followed. Must not
 * know what is asked.
 */
import { buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import { ForbiddenAddressError, guardedLookup, isForbiddenHost, type Resolve } from './address-guard.ts';
import { BackendError, type Endpoint } from './backend.ts';
import { Exchange } from './exchange.ts';
import { failureOf, isStaleConnection } from './http-failure.ts';
import { type Proxy, proxyFor } from './proxy.ts';

/** Response headers of an engine are small; more is refused. */
const MAX_HEADER_BYTES = 16 * 1024;

export interface HttpOptions {
  /** Connections at a time, 1024 without it; further requests wait. */
  readonly maxConnections?: number;
  readonly proxy?: Proxy | undefined;
  readonly resolve?: Resolve;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Below the endpoint's path prefix, for example /v1/models. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Longest answer, in bytes. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly exchange: Exchange;
  /** The credential that was sent, so that nothing which repeats it is shown. */
  readonly secret: string | undefined;
}

export interface Http {
  readonly origin: string;
  /** Resolves when status and headers are there; rejects with BackendError. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  shutdown(): Promise<void>;
}

export function openHttp(endpoint: Endpoint, options: HttpOptions = {}): Http {
  const url = new URL(endpoint.url);
  const prefix = `${url.pathname.replace(/\/$/, '')}${endpoint.pathPrefix}`;
  const dispatcher = dispatcherTo(url, endpoint, options);
  const fixed = Object.fromEntries(
    Object.entries(endpoint.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );

  async function attempt(request: HttpRequest): Promise<HttpAnswer> {
    if (isForbiddenHost(url.hostname)) throw failureOf(new ForbiddenAddressError(url.hostname), url.origin);
    const credential = await endpoint.credential?.();
    const { timeouts } = endpoint;
    const exchange = new Exchange({ origin: url.origin, timeouts, maxBytes: request.maxBytes, signal: request.signal });
    const dispatch: Dispatcher.DispatchOptions = {
      origin: url.origin,
      path: `${prefix}${request.path}`,
      method: request.method,
      headers: {
        ...fixed,
        accept: 'application/json, text/event-stream',
        'accept-encoding': 'identity',
        'user-agent': 'mcp-fleet',
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(credential === undefined ? {} : { [credential.header.toLowerCase()]: credential.value }),
      },
      body: request.body === undefined ? null : JSON.stringify(request.body),
      // The exchange keeps its own, exact deadlines.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    try {
      dispatcher.dispatch(dispatch, exchange);
    } catch (error) {
      exchange.fail(failureOf(error, url.origin));
    }
    await exchange.answered();
    refuseRedirect(exchange, url.origin);
    return { exchange, secret: credential?.value };
  }

  return {
    origin: url.origin,
    async send(request) {
      try {
        return await attempt(request);
      } catch (error) {
        // A connection kept open may be closed by the other side just as it is used again. Nothing came back, and
        // inference has no side effects, so asking once more is harmless.
        if (error instanceof BackendError && error.status === undefined && isStaleConnection(error.cause)) {
          return attempt(request);
        }
        throw error;
      }
    },
    shutdown: () => dispatcher.destroy(new BackendError('Aborted', `${url.origin} is no longer in use`)),
  };
}

function refuseRedirect(exchange: Exchange, origin: string): void {
  if (exchange.status < 300 || exchange.status > 399) return;
  const message = `${origin} answered with a redirect (HTTP ${exchange.status}), which is not followed; set its final URL`;
  const failure = new BackendError('BadResponse', message, { status: exchange.status });
  exchange.fail(failure);
  throw failure;
}

function dispatcherTo(url: URL, { timeouts }: Endpoint, options: HttpOptions): Dispatcher {
  const pool = { connections: options.maxConnections ?? 1024, maxHeaderSize: MAX_HEADER_BYTES, allowH2: false };
  const through = proxyFor(url, options.proxy);
  // The proxy is trusted, and resolves names itself: only the name can be judged then.
  if (through !== undefined) return new ProxyAgent({ uri: through, connectTimeout: timeouts.connectMs, ...pool });
  const connect = buildConnector({
    timeout: timeouts.connectMs,
    allowH2: false,
    lookup: guardedLookup(options.resolve),
  });
  return new Pool(url.origin, { ...pool, connect });
}
