/**
 * Clients that want to stay while pods come and go: listeners of the 2026-07-28 era, sessions with the stream that GET
 * opens, and the official client of the older era with calls that take long. Each begins again when the server ends what
 * it has in order, as the protocol tells clients to, and takes anything else for a problem.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { connectClassic, loopbackFetch, type McpClient, modernRequest } from './clients.ts';
import { beginSession, type Headers } from './session.ts';
import { sendTo } from './single-pods.ts';

export interface LastingOptions {
  readonly url: string;
  /** Clients of each kind. */
  readonly each: number;
}

export interface LastingReport {
  /** Listeners that were told that theirs has ended, sessions that were gone, long calls that had their result. */
  readonly listensEnded: number;
  readonly sessionsEnded: number;
  readonly callsDone: number;
  /** How often the official client had to begin another session. */
  readonly rejoined: number;
  /** Whatever did not go as the protocol has it. */
  readonly problems: readonly string[];
}

export interface Lasting {
  report(): LastingReport;
  /** How many changes of the list of tools each stream has told of until now. */
  heard(): readonly number[];
  stop(): Promise<LastingReport>;
}

/** Of a call; it begins and ends on different sides of many a rollout. */
const CALL_SECONDS = 1;
const CHANGED = 'notifications/tools/list_changed';
const BACK_OFF_MS = 200;

/** Resolves when every client has begun. */
export async function startLasting({ url, each }: LastingOptions): Promise<Lasting> {
  const stopped = new AbortController();
  const counts = { listensEnded: 0, sessionsEnded: 0, callsDone: 0, rejoined: 0 };
  const problems: string[] = [];
  const streams: Stream[] = [];
  const openStream = (): Stream => {
    const stream = { opened: 0, heard: 0 };
    streams.push(stream);
    return stream;
  };
  const again = async (kind: string, once: () => Promise<void>): Promise<void> => {
    while (!stopped.signal.aborted)
      await once().catch(async (error: Error) => {
        if (stopped.signal.aborted) return;
        problems.push(`${new Date().toISOString()} ${kind}: ${error.message}${reason(error)}`);
        await sleep(BACK_OFF_MS);
      });
  };

  const listener = (): Promise<void> => {
    const stream = openStream();
    return again('listener', async () => {
      const { headers, message } = modernRequest('subscriptions/listen', { notifications: { toolsListChanged: true } });
      const init = { method: 'POST', headers, body: JSON.stringify(message), signal: stopped.signal };
      const { status, text } = await follow(url, init, stream);
      if (status !== 200 || !/"result":/.test(text)) throw new Error(`${status}, ended with ${text.slice(-200)}`);
      counts.listensEnded += 1;
    });
  };

  const session = (): Promise<void> => {
    const stream = openStream();
    let headers: Headers | undefined;
    return again('session', async () => {
      headers ??= await beginSession(sendTo(url));
      const init = { headers: { ...headers, accept: 'text/event-stream' }, signal: stopped.signal };
      const { status, text } = await follow(url, init, stream);
      if (status !== 200 && status !== 404) throw new Error(`GET: ${status}: ${text.slice(-200)}`);
      // A stream may end before its session does, where it came through another pod.
      const ping = await sendTo(url)(headers, { jsonrpc: '2.0', id: 1, method: 'ping' });
      if (ping.status === 200) return;
      headers = undefined;
      if (ping.status !== 404) throw new Error(`ping: ${ping.status}: ${ping.text.slice(-200)}`);
      counts.sessionsEnded += 1;
    });
  };

  const caller = async (): Promise<void> => {
    let client: McpClient | undefined = await connectClassic(url);
    let calls = 0;
    await again('SDK 1.x', async () => {
      client ??= await connectClassic(url);
      const label = `call ${(calls += 1)}`;
      try {
        const { text } = await client.callTool('slow_compute', { seconds: CALL_SECONDS, label });
        if (!text.includes(label)) throw new Error(`another answer than that of ${label}: ${text}`);
        counts.callsDone += 1;
      } catch (error) {
        await client.close();
        client = undefined;
        if (!(error instanceof StreamableHTTPError && error.code === 404)) throw error;
        counts.rejoined += 1;
      }
    });
    await client?.close();
  };

  const clients = Array.from({ length: each }, () => [listener(), session(), caller()]).flat();
  while (streams.some(({ opened }) => opened === 0)) {
    if (problems.length > 0) throw new Error(problems[0]);
    await sleep(10);
  }
  const report = (): LastingReport => ({ ...counts, problems: [...problems] });
  return {
    report,
    heard: () => streams.map(({ heard }) => heard),
    async stop() {
      stopped.abort();
      await Promise.all(clients);
      return report();
    },
  };
}

interface Stream {
  opened: number;
  heard: number;
}

/** Reads an answer to its end. Throws where that is not whole, and tells what came last. */
async function follow(url: string, init: RequestInit, stream: Stream): Promise<{ status: number; text: string }> {
  const began = performance.now();
  const response = await loopbackFetch(url, init);
  if (response.ok) stream.opened += 1;
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) {
      const more = decoder.decode(bytes, { stream: true });
      stream.heard += more.split(CHANGED).length - 1;
      text += more;
    }
  } catch (error) {
    const after = `${(performance.now() - began).toFixed(0)} ms`;
    throw new Error(`a stream that broke after ${after}, behind ${text.slice(-200)}`, { cause: error });
  }
  return { status: response.status, text };
}

const reason = ({ cause }: Error): string => (cause instanceof Error ? ` (${cause.message})` : '');
