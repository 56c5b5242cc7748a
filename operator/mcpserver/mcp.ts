/**
 * One MCP request over HTTP to one server, in the stateless form of the revision 2026-07-28: the required headers, the
 * required `_meta`, an answer as JSON or as an event stream. Every bound on what may come back stands here. Must not
 * know what is asked.
 */
import { createParser } from 'eventsource-parser';
import { Client, type Dispatcher, ProxyAgent } from 'undici';
import { isObject, parseJson } from '#models/json.ts';
import { type Proxy, proxyFor } from '#models/proxy.ts';
import { printable } from '#operator/workload/printable.ts';

/** What answered is no MCP server, or not one that can be used. The message is fit for a status. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError';
}

/** The server answers those who bring a token, and nobody else. */
export class TokenRequired extends Error {
  override readonly name = 'TokenRequired';
}

export interface Mcp {
  /** The `result` of the answer. Rejects with HandshakeError, TokenRequired, undici's errors, or the signal's reason. */
  ask(method: string, params: object, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>;
  close(): Promise<void>;
}

export interface McpOptions {
  /** URL with the Service's name. */
  readonly url: string;
  /** The Service's address, so that no probe waits for name resolution; by name without it. */
  readonly address?: string;
  readonly proxy?: Proxy;
  /** Version of this program. */
  readonly version: string;
}

const PROTOCOL_VERSION = '2026-07-28';
const META = 'io.modelcontextprotocol';
const MAX_ANSWER = 4 * 1024 * 1024;
const MAX_HEADERS = 16 * 1024;
const MAX_DEPTH = 64;
/** Below the second after which TCP repeats a lost first packet (RFC 6298): asking anew is faster. */
const CONNECT_TIMEOUT_MS = 750;

export function openMcp({ url, address, proxy, version }: McpOptions): Mcp {
  const target = new URL(url);
  const through = proxyFor(target, proxy);
  const origin =
    through === undefined && address ? `http://${address.includes(':') ? `[${address}]` : address}` : target.origin;
  const limits = { maxHeaderSize: MAX_HEADERS, allowH2: false };
  const dispatcher: Dispatcher =
    through === undefined
      ? new Client(origin, { ...limits, connect: { timeout: CONNECT_TIMEOUT_MS } })
      : new ProxyAgent({ uri: through, ...limits, connectTimeout: CONNECT_TIMEOUT_MS });
  const meta = {
    [`${META}/protocolVersion`]: PROTOCOL_VERSION,
    [`${META}/clientCapabilities`]: {},
    [`${META}/clientInfo`]: { name: 'mcp-fleet-operator', version },
  };
  let id = 0;
  return {
    async ask(method, params, signal) {
      id += 1;
      // undici heeds a signal only once a connection stands; whoever gives up must not wait for that.
      const giveUp = (): void => void dispatcher.destroy(signal.reason as Error);
      signal.addEventListener('abort', giveUp, { once: true });
      try {
        const response = await dispatcher.request({
          origin,
          path: target.pathname,
          method: 'POST',
          headers: {
            host: target.host,
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            'accept-encoding': 'identity',
            'mcp-protocol-version': PROTOCOL_VERSION,
            'mcp-method': method,
          },
          body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta: meta } }),
          signal,
        });
        if (asksForToken(response)) {
          await response.body.dump({ limit: MAX_ANSWER });
          throw new TokenRequired(`${method} was answered with HTTP 401.`);
        }
        const streams = String(response.headers['content-type'] ?? '').startsWith('text/event-stream');
        const message = await (streams ? fromEvents : fromJson)(response.body, id);
        return resultOf(method, response.statusCode, message);
      } finally {
        signal.removeEventListener('abort', giveUp);
      }
    },
    close: () => dispatcher.destroy(),
  };
}

/** RFC 6750 §3: who lacks a token is told the scheme. */
const asksForToken = ({ statusCode, headers }: Dispatcher.ResponseData): boolean =>
  statusCode === 401 && /^Bearer\b/i.test(String(headers['www-authenticate'] ?? ''));

function resultOf(method: string, status: number, message: unknown): Readonly<Record<string, unknown>> {
  const answer = isObject(message) && message['jsonrpc'] === '2.0' ? message : {};
  const { result, error } = answer;
  if (isObject(error)) {
    const text = typeof error['message'] === 'string' ? `: ${printable(error['message'], 200)}` : '';
    throw new HandshakeError(`${method} was answered with the error ${printable(String(error['code']), 16)}${text}.`);
  }
  if (status !== 200)
    throw new HandshakeError(`${method} was answered with HTTP ${status}; is the image an MCP server?`);
  if (!isObject(result)) throw new HandshakeError(`${method} was answered, but not with a JSON-RPC result.`);
  if (isDeeperThan(result, MAX_DEPTH)) throw new HandshakeError(`${method} was answered with too deep a result.`);
  return result;
}

async function* chunksOf(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let received = 0;
  for await (const chunk of body) {
    received += chunk.length;
    if (received > MAX_ANSWER) throw new HandshakeError(`The answer is longer than ${MAX_ANSWER} bytes.`);
    yield chunk;
  }
}

async function fromJson(body: AsyncIterable<Buffer>): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of chunksOf(body)) chunks.push(chunk);
  return parseJson(Buffer.concat(chunks).toString('utf8'));
}

/** The first message that answers the request; what comes before it – progress, logging – is passed over. */
async function fromEvents(body: AsyncIterable<Buffer>, id: number): Promise<unknown> {
  const decoder = new TextDecoder();
  let found: unknown;
  const parser = createParser({
    maxBufferSize: MAX_ANSWER,
    onEvent: ({ data }) => {
      const message = parseJson(data);
      if (found === undefined && isObject(message) && message['id'] === id) found = message;
    },
  });
  for await (const chunk of chunksOf(body)) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (found !== undefined) return found;
  }
  return found;
}

/** Without recursion, because the value may be deeper than the stack. */
function isDeeperThan(value: unknown, depth: number): boolean {
  let level: readonly unknown[] = [value];
  for (let at = 0; level.length > 0; at += 1) {
    if (at > depth) return true;
    level = level.flatMap((inner) => (typeof inner === 'object' && inner !== null ? Object.values(inner) : []));
  }
  return false;
}
