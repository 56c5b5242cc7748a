/**
 * A session of the 2025-11-25 era, request by request: for tests that choose the connection, or the pod, of each. Knows
 * no transport: how a message is sent is passed in.
 */

export interface Answer {
  readonly status: number;
  /** The session id that came with it. */
  readonly session: string | undefined;
  /** The JSON of the answer, also where it came as the last event of a stream. */
  readonly text: string;
}

export type Headers = Readonly<Record<string, string>>;
export type Send = (headers: Headers, message: object) => Promise<Answer>;

const REVISION = '2025-11-25';
const HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

/** Begins a session; gives the headers of every further request. Throws with what the server said. */
export async function beginSession(send: Send, capabilities: object = {}): Promise<Headers> {
  const clientInfo = { name: 'mcp-fleet-e2e', version: '0.1.0' };
  const params = { protocolVersion: REVISION, capabilities, clientInfo };
  const { status, session, text } = await send(HEADERS, { jsonrpc: '2.0', id: 0, method: 'initialize', params });
  if (status !== 200) throw new Error(`initialize: ${status}: ${text.slice(0, 200)}`);
  const known = session === undefined ? {} : { 'mcp-session-id': session };
  const headers = { ...HEADERS, ...known, 'mcp-protocol-version': REVISION };
  const told = await send(headers, { jsonrpc: '2.0', method: 'notifications/initialized' });
  if (told.status !== 202) throw new Error(`notifications/initialized: ${told.status}: ${told.text.slice(0, 200)}`);
  return headers;
}

/** The response in a body that is JSON, or a stream of events that ends with it. */
export const responseIn = (contentType: unknown, text: string): string =>
  String(contentType).startsWith('text/event-stream')
    ? ([...text.matchAll(/^data: ?(\{.*)$/gm)].at(-1)?.[1] ?? `a stream without a message: ${text.slice(0, 200)}`)
    : text;
