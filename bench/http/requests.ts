/**
 * The requests that the HTTP benchmarks send, as an MCP client of each era writes them. The same bytes go to every
 * server of one comparison.
 */
import { modernRequest } from '#e2e/clients.ts';
import type { LoadRequest } from './wrk.ts';

const LEGACY = '2025-11-25';

/** As long as an ordinary argument: a name or a short sentence. */
export const TEXT = 'The quick brown fox jumps over the lazy dog.';

const bearer = (token?: string): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

export function modern(
  method: string,
  params: Readonly<Record<string, unknown>> = {},
  token?: string,
  id: number | string = 1,
): LoadRequest {
  const { headers, message } = modernRequest(method, params);
  return { headers: { ...headers, ...bearer(token) }, body: JSON.stringify({ ...message, id }) };
}

export const modernCall = (token?: string, text = TEXT, id: number | string = 1): LoadRequest =>
  modern('tools/call', { name: 'echo', arguments: { text } }, token, id);

export function legacy(
  method: string,
  params: Readonly<Record<string, unknown>> | undefined,
  options: {
    readonly token?: string | undefined;
    readonly session?: string;
    readonly id?: number | string | null;
  } = {},
): LoadRequest {
  const { id = 1 } = options;
  return {
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...bearer(options.token),
      ...(method === 'initialize' ? {} : { 'mcp-protocol-version': LEGACY }),
      ...(options.session === undefined ? {} : { 'mcp-session-id': options.session }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', ...(id === null ? {} : { id }), method, ...(params ? { params } : {}) }),
  };
}

export const legacyCall = (token?: string, session?: string, text = TEXT): LoadRequest =>
  legacy('tools/call', { name: 'echo', arguments: { text } }, { token, ...(session === undefined ? {} : { session }) });

const INITIALIZE = {
  protocolVersion: LEGACY,
  capabilities: {},
  clientInfo: { name: 'bench', version: '1.0.0' },
};

/** Opens a session of the older revisions and gives its id. */
export async function openSession(url: string, token?: string): Promise<string> {
  const response = await post(url, legacy('initialize', INITIALIZE, { token }));
  await response.text();
  const session = response.headers.get('mcp-session-id');
  if (!response.ok || session === null) throw new Error(`${url} opened no session: ${response.status}`);
  const done = await post(url, legacy('notifications/initialized', undefined, { token, session, id: null }));
  await done.text();
  if (!done.ok) throw new Error(`${url} refused notifications/initialized: ${done.status}`);
  return session;
}

export function post(url: string, { headers, body }: LoadRequest): Promise<Response> {
  return fetch(url, { method: 'POST', headers, body });
}

/** The JSON-RPC message of an answer, out of JSON or of an event stream with one message. */
export async function messageOf(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  const stream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
  const data = stream
    ? text
        .split('\n')
        .findLast((line) => line.startsWith('data: {'))
        ?.slice(6)
    : text;
  if (!response.ok || data === undefined) throw new Error(`answer ${response.status}: ${text.slice(0, 300)}`);
  return JSON.parse(data) as Record<string, unknown>;
}

/** Throws unless the answer to a call is the echo. */
export function expectEcho(message: Readonly<Record<string, unknown>>, text = TEXT): void {
  const result = message['result'] as { content?: { text?: string }[]; structuredContent?: { text?: string } };
  const right = result?.content?.[0]?.text === JSON.stringify({ text }) && result.structuredContent?.text === text;
  if (!right) throw new Error(`not the answer to the call: ${JSON.stringify(message).slice(0, 300)}`);
}

/** A request as it stands on the wire. */
export function wire(host: string, { headers, body }: LoadRequest, path = '/mcp'): string {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = Buffer.byteLength(body);
  return `POST ${path} HTTP/1.1\r\nhost: ${host}\r\n${fields.join('')}content-length: ${length}\r\n\r\n${body}`;
}
