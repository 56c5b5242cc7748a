/**
 * A client of the older revisions that does exactly what it is told, over fetch.
 */
import { EventSourceParserStream } from 'eventsource-parser/stream';

export interface RawAnswer {
  readonly status: number;
  readonly type: string | null;
  readonly headers: Headers;
  /** Messages of the answer, from JSON or from events. */
  readonly messages: Record<string, unknown>[];
}

export interface RawEvent {
  readonly id: string | undefined;
  /** Undefined for an event without content. */
  readonly message: Record<string, unknown> | undefined;
}

export const BOTH = 'application/json, text/event-stream';

export interface RawOptions {
  readonly session?: string | undefined;
  readonly headers?: Record<string, string>;
  readonly method?: 'POST' | 'GET' | 'DELETE';
  readonly signal?: AbortSignal;
}

export function send(url: string, body: unknown, { session, headers, method = 'POST', signal }: RawOptions = {}) {
  return fetch(url, {
    method,
    headers: {
      accept: BOTH,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(session === undefined ? {} : { 'mcp-session-id': session }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  });
}

export async function answerOf(response: Response): Promise<RawAnswer> {
  const type = response.headers.get('content-type');
  const messages: Record<string, unknown>[] = [];
  if (type === 'text/event-stream') {
    for await (const { message } of eventsOf(response)) if (message) messages.push(message);
  } else {
    const text = await response.text();
    if (text !== '') messages.push(...([JSON.parse(text)].flat() as Record<string, unknown>[]));
  }
  return { status: response.status, type, headers: response.headers, messages };
}

export async function* eventsOf(response: Response): AsyncGenerator<RawEvent> {
  if (!response.body) return;
  const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { id, data } of events)
    yield { id, message: data === '' ? undefined : (JSON.parse(data) as Record<string, unknown>) };
}

export const request = (id: number | string, method: string, params: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});

export const call = (id: number | string, name: string, given: object = {}, meta?: object) =>
  request(id, 'tools/call', { name, arguments: given, ...(meta && { _meta: meta }) });

export const initialize = (revision = '2025-11-25', capabilities: object = {}) =>
  request('init', 'initialize', {
    protocolVersion: revision,
    capabilities,
    clientInfo: { name: 'raw', version: '1' },
  });

/** Opens a session and gives its id. */
export async function openSession(
  url: string,
  options: RawOptions & { readonly revision?: string; readonly capabilities?: object } = {},
): Promise<string> {
  const { headers, messages } = await answerOf(
    await send(url, initialize(options.revision, options.capabilities), options),
  );
  const id = headers.get('mcp-session-id');
  if (id === null) throw new Error(`no session: ${JSON.stringify(messages)}`);
  return id;
}
