/**
 * Small JSON documents from an issuer: one GET with a deadline, a bound, no redirect and no address that no server
 * should be led to. Must not know what the document is for.
 */
import { Agent, buildConnector, type Dispatcher, ProxyAgent, request } from 'undici';
import { guardedLookup, isForbiddenHost, type Resolve } from '#models/address-guard.ts';
import { type Proxy, proxyFor } from '#models/proxy.ts';
import { parseJson } from '../http/json.ts';

export interface FetchedJson {
  readonly value: unknown;
  /** What Cache-Control allows, in milliseconds; undefined where it says nothing. */
  readonly maxAgeMs: number | undefined;
}

export interface JsonFetcher {
  /** Throws an error that names the URL and what went wrong. */
  get(url: string): Promise<FetchedJson>;
  close(): Promise<void>;
}

export interface JsonFetcherOptions {
  readonly proxy?: Proxy | undefined;
  /** For everything: name, connection, headers and body. */
  readonly timeoutMs?: number;
  /** Instead of the system's lookup. */
  readonly resolve?: Resolve;
}

const TIMEOUT_MS = 3_000;
const MAX_BYTES = 256 * 1024;

export function createJsonFetcher(options: JsonFetcherOptions = {}): JsonFetcher {
  const { proxy, timeoutMs = TIMEOUT_MS, resolve } = options;
  const dispatchers = new Map<string, Dispatcher>();
  const dispatcherFor = (url: URL): Dispatcher => {
    const through = proxyFor(url, proxy) ?? '';
    const known = dispatchers.get(through);
    if (known !== undefined) return known;
    const limits = { connections: 4, maxHeaderSize: 16 * 1024, allowH2: false };
    const connect = buildConnector({ timeout: timeoutMs, allowH2: false, lookup: guardedLookup(resolve) });
    const made = through === '' ? new Agent({ ...limits, connect }) : new ProxyAgent({ uri: through, ...limits });
    dispatchers.set(through, made);
    return made;
  };
  return {
    async get(text) {
      const url = new URL(text);
      if (isForbiddenHost(url.hostname)) throw new Error(`${url.origin} is an address that is refused`);
      try {
        const answer = await request(url, {
          dispatcher: dispatcherFor(url),
          headers: { accept: 'application/json' },
          signal: AbortSignal.timeout(timeoutMs),
        });
        const parsed = parseJson(await boundedBody(answer));
        if (!parsed.ok) throw new Error(parsed.message);
        return { value: parsed.value, maxAgeMs: maxAge(answer.headers['cache-control']) };
      } catch (error) {
        throw new Error(`GET ${url.origin}${url.pathname} failed`, { cause: error });
      }
    },
    close: async () => {
      await Promise.all([...dispatchers.values()].map((dispatcher) => dispatcher.destroy()));
    },
  };
}

/** An answer with a status that was not hoped for. */
export class HttpStatusError extends Error {
  override readonly name = 'HttpStatusError';
  readonly status: number;
  constructor(status: number) {
    super(`HTTP ${status}${status >= 300 && status < 400 ? ', a redirect, which is not followed' : ''}`);
    this.status = status;
  }
}

/** Throws HttpStatusError for any status but `expected`, and an error for a body that is too large. */
export async function boundedBody({ statusCode, body }: Dispatcher.ResponseData, expected = 200): Promise<Buffer> {
  if (statusCode !== expected) {
    // A body that is thrown away says so with an error, which is no news.
    body.on('error', () => undefined).destroy();
    throw new HttpStatusError(statusCode);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the body and its connection.
    if (size > MAX_BYTES) throw new Error(`the answer is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** What a Cache-Control header allows, in milliseconds; undefined where it says nothing. */
export function maxAge(header: string | string[] | undefined): number | undefined {
  const value = String(header ?? '');
  if (/\bno-(cache|store)\b/i.test(value)) return 0;
  const seconds = /\bmax-age="?(\d{1,9})/i.exec(value)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
