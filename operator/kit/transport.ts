/**
 * Requests to the API server over kept connections: one pool for requests, one for watches (each watch holds its
 * connection for minutes), rebuilt when the TLS material changes. Retries what the API server asks to retry, within the
 * deadline. It must not know what is asked for.
 */
import { type Dispatcher, Pool } from 'undici';
import { type Clock, sleep, systemClock } from './clock.ts';
import { errorFromStatus, KubeError } from './errors.ts';
import type { ClusterConfig, Tls } from './kubeconfig.ts';
import { type Metrics, noMetrics } from './metrics.ts';

export interface TransportOptions {
  readonly config: ClusterConfig;
  /** At the same time, default 32. */
  readonly connections?: number;
  /** HTTP/2 where the server offers it; default false. */
  readonly allowH2?: boolean;
  readonly userAgent?: string;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** For metrics only. */
  readonly resource: string;
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  /** Throws when the request must not be sent; asked before each attempt. */
  readonly guard?: (() => void) | undefined;
}

const defaultTimeoutMs = 30_000;
const connectTimeoutMs = 10_000;
/** Bookmarks come about once a minute; a stream silent for longer is taken for dead and resumed. */
const watchIdleMs = 120_000;
const maxAnswerBytes = 64 * 1024 * 1024;
/** Failures of the connection itself; a request which may be repeated is. */
const connectionFailures = new Set([
  'UND_ERR_SOCKET',
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'UND_ERR_CONNECT_TIMEOUT',
]);

interface Pools {
  readonly tls: Tls;
  readonly requests: Pool;
  readonly watches: Pool;
}

export class Transport {
  readonly #options: TransportOptions;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #random: () => number;
  #pools: Pools | undefined;
  #closed = false;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#metrics = options.metrics ?? noMetrics;
    this.#random = options.random ?? Math.random;
  }

  /** The answer's JSON. Rejects with KubeError, the signal's reason, or an Error that names the call. */
  async request(call: Call): Promise<unknown> {
    const timeoutMs = call.timeoutMs ?? defaultTimeoutMs;
    const deadline = this.#clock.now() + timeoutMs;
    const abort = new AbortController();
    const cancel = this.#clock.after(timeoutMs, () => {
      abort.abort(new Error(`${call.method} ${call.path} took longer than ${timeoutMs} ms`));
    });
    const aborted = (): void => abort.abort(call.signal?.reason);
    if (call.signal?.aborted === true) aborted();
    call.signal?.addEventListener('abort', aborted, { once: true });
    try {
      for (let attempt = 0; ; attempt += 1) {
        abort.signal.throwIfAborted();
        call.guard?.();
        try {
          return await this.#attempt(call, abort.signal);
        } catch (error) {
          const pause = abort.signal.aborted ? undefined : this.#pauseBeforeRetry(call, error, attempt);
          if (pause === undefined || this.#clock.now() + pause >= deadline) throw error;
          await sleep(this.#clock, pause, abort.signal);
        }
      }
    } finally {
      cancel();
      call.signal?.removeEventListener('abort', aborted);
    }
  }

  /** The body of a long GET as it comes. */
  async stream(call: Call): Promise<AsyncIterable<Uint8Array>> {
    const { watches } = await this.#connections();
    const response = await this.#send(watches, call, call.signal, { headersTimeout: 30_000, bodyTimeout: watchIdleMs });
    if (response.statusCode === 200) return response.body as AsyncIterable<Uint8Array>;
    throw await failure(response);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const pools = this.#pools;
    this.#pools = undefined;
    if (pools !== undefined) await Promise.all([pools.requests.destroy(), pools.watches.destroy()]);
  }

  async #attempt(call: Call, signal: AbortSignal): Promise<unknown> {
    const { requests } = await this.#connections();
    const response = await this.#send(requests, call, signal, {});
    if (response.statusCode >= 300) throw await failure(response);
    return parse(await response.body.text(), call);
  }

  async #send(
    pool: Pool,
    call: Call,
    signal: AbortSignal | undefined,
    timeouts: { readonly headersTimeout?: number; readonly bodyTimeout?: number },
  ): Promise<Dispatcher.ResponseData> {
    const authorization = await this.#options.config.authorization();
    const started = this.#clock.now();
    let code = 0;
    try {
      const response = await pool.request({
        method: call.method,
        path: call.path,
        headers: {
          accept: call.accept ?? 'application/json',
          'user-agent': this.#options.userAgent ?? 'mcp-fleet',
          ...(authorization === undefined ? {} : { authorization }),
          ...(call.contentType === undefined ? {} : { 'content-type': call.contentType }),
        },
        body: call.body ?? null,
        signal: signal ?? null,
        ...timeouts,
      });
      code = response.statusCode;
      return response;
    } finally {
      this.#metrics.request(call.method, call.resource, code, this.#clock.now() - started);
    }
  }

  /** How long to wait before the call is sent again, or undefined when the error stands. */
  #pauseBeforeRetry(call: Call, error: unknown, attempt: number): number | undefined {
    const jitter = 1 + this.#random();
    if (error instanceof KubeError) {
      if (error.code !== 429 && error.code !== 503) return undefined;
      return Math.max(error.retryAfterMs ?? Math.min(100 * 2 ** attempt, 5000), 10) * jitter;
    }
    // A create that got no answer may have happened; its caller has to look.
    if (call.method === 'POST' || attempt >= 3) return undefined;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return connectionFailures.has(code) ? 20 * 4 ** attempt * jitter : undefined;
  }

  async #connections(): Promise<Pools> {
    const tls = await this.#options.config.tls();
    if (this.#closed) throw new Error('the client is closed');
    if (this.#pools?.tls === tls) return this.#pools;
    const before = this.#pools;
    const make = (connections: number | null, maxResponseSize: number): Pool =>
      new Pool(this.#options.config.server, {
        connections,
        pipelining: 1,
        allowH2: this.#options.allowH2 ?? false,
        keepAliveTimeout: 60_000,
        maxResponseSize,
        connect: { ...tls, timeout: connectTimeoutMs },
      });
    this.#pools = { tls, requests: make(this.#options.connections ?? 32, maxAnswerBytes), watches: make(null, -1) };
    // Running requests end on the old connections; watches are cut and resume on the new ones.
    void before?.requests.close();
    void before?.watches.destroy();
    return this.#pools;
  }
}

function parse(text: string, call: Call): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new Error(`${call.method} ${call.path} was answered with something else than JSON`, { cause });
  }
}

async function failure(response: Dispatcher.ResponseData): Promise<KubeError> {
  const seconds = Number(response.headers['retry-after'] ?? Number.NaN);
  const text = await response.body.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return errorFromStatus(body, response.statusCode, Number.isFinite(seconds) ? Math.max(0, seconds) * 1000 : undefined);
}
