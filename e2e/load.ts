/**
 * A steady load of tool calls from keep-alive clients of both eras, each on one connection of its own. Counts every call
 * that does not end with its result. Retries nothing, except what the protocol itself tells a client of the older era to
 * do when its session is gone: begin another.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'undici';
import { modernRequest, onLoopback } from './clients.ts';
import { type Answer, beginSession, type Headers, responseIn, type Send } from './session.ts';

export interface LoadOptions {
  readonly url: string;
  /** Half of them of the 2026-07-28 era, half of 2025-11-25. */
  readonly clients: number;
  /** Calls a second, of all clients together. */
  readonly perSecond: number;
  readonly tool: { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> };
}

export interface FailedCall {
  readonly client: string;
  /** On the clock of `performance.now()`. */
  readonly beganAt: number;
  readonly why: string;
}

export interface LoadReport {
  readonly calls: number;
  readonly failures: readonly FailedCall[];
  /** How often a client had to begin another session. */
  readonly renewals: number;
  readonly perSecond: number;
  readonly slowestMs: number;
}

export interface Load {
  /** What happened until now. */
  report(): LoadReport;
  /** Ends when the calls in flight have ended. */
  stop(): Promise<LoadReport>;
}

/** One client: `call` throws with the reason when it does not get the result. */
interface Caller {
  readonly name: string;
  call(id: number): Promise<void>;
  readonly renewals: () => number;
}

const TIMEOUT_MS = 30_000;

/** Resolves when every client has had its first answer. */
export async function startLoad({ url, clients, perSecond, tool }: LoadOptions): Promise<Load> {
  const { origin, pathname } = new URL(url);
  const connections = Array.from({ length: clients }, () => {
    return new Client(origin, { ...onLoopback, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
  });
  const callers = connections.map((connection, i) => {
    const send = sender(connection, pathname);
    return i % 2 === 0 ? modernCaller(`modern ${i}`, send, tool) : sessionCaller(`session ${i}`, send, tool);
  });
  await Promise.all(callers.map((caller) => caller.call(0)));

  const began = performance.now();
  const failures: FailedCall[] = [];
  const stopped = new AbortController();
  let [calls, slowestMs] = [0, 0];
  const interval = (1000 * clients) / perSecond;
  const work = async (caller: Caller, index: number): Promise<void> => {
    for (let n = 1, at = began + (interval * index) / clients; !stopped.signal.aborted; n += 1, at += interval) {
      await sleep(Math.max(0, at - performance.now()));
      const beganAt = performance.now();
      await caller.call(n).catch((error: Error) => {
        failures.push({ client: caller.name, beganAt, why: error.message });
      });
      calls += 1;
      slowestMs = Math.max(slowestMs, performance.now() - beganAt);
    }
  };
  const running = callers.map(work);
  const report = (): LoadReport => ({
    calls,
    failures: [...failures],
    renewals: callers.reduce((sum, { renewals }) => sum + renewals(), 0),
    perSecond: calls / ((performance.now() - began) / 1000),
    slowestMs,
  });
  return {
    report,
    async stop() {
      stopped.abort();
      await Promise.all(running);
      const last = report();
      for (const connection of connections) if (!connection.destroyed) await connection.destroy();
      return last;
    },
  };
}

const sender =
  (connection: Client, path: string): Send =>
  async (headers, message) => {
    const body = JSON.stringify(message);
    const response = await connection.request({ method: 'POST', path, headers, body });
    const { 'mcp-session-id': session, 'content-type': type } = response.headers;
    const text = await response.body.text();
    return {
      status: response.statusCode,
      session: typeof session === 'string' ? session : undefined,
      text: responseIn(type, text),
    };
  };

function expectResult({ status, text }: Answer, id: number): void {
  if (status !== 200) throw new Error(`${status}: ${text.slice(0, 200)}`);
  const message = JSON.parse(text) as { readonly id?: unknown; readonly result?: { readonly isError?: boolean } };
  if (message.id !== id || !message.result || message.result.isError === true)
    throw new Error(`not the result of call ${id}: ${text.slice(0, 200)}`);
}

function modernCaller(name: string, send: Send, tool: LoadOptions['tool']): Caller {
  return {
    name,
    renewals: () => 0,
    async call(id) {
      const { headers, message } = modernRequest('tools/call', tool, { id });
      expectResult(await send(headers, message), id);
    },
  };
}

function sessionCaller(name: string, send: Send, tool: LoadOptions['tool']): Caller {
  let headers: Headers | undefined;
  let sessions = 0;
  const begin = async (): Promise<Headers> => {
    const opened = await beginSession(send);
    sessions += 1;
    return opened;
  };
  return {
    name,
    renewals: () => Math.max(0, sessions - 1),
    async call(id) {
      const message = { jsonrpc: '2.0', id, method: 'tools/call', params: tool };
      headers ??= await begin();
      let answer = await send(headers, message);
      if (answer.status === 404 && headers['mcp-session-id'] !== undefined) {
        headers = await begin();
        answer = await send(headers, message);
      }
      expectResult(answer, id);
    },
  };
}
