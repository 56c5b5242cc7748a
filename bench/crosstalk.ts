/**
 * A thousand clients that all number their requests alike call one server at once, some of them hanging up in the
 * middle: each must get the answer to its own call and to no other. In sessions of an older revision, without sessions,
 * and in the newest revision.
 */
import { Client as Connection } from 'undici';
import { type Definitions, type Report, report } from './figures.ts';
import { openArena } from './http/arena.ts';
import { expectEcho, legacy, modern, openSession } from './http/requests.ts';
import type { LoadRequest } from './http/wrk.ts';

export const crosstalkFigures: Definitions = {
  misrouted: { unit: 'answers', bar: { atMost: 0 }, measures: 'answers that belong to another call' },
  unanswered: { unit: 'calls', bar: { atMost: 0 }, measures: 'calls without an answer that nobody hung up' },
  calls: { unit: 'calls', bar: { none: true }, measures: 'made by 1 000 clients with equal request ids' },
  aborted: { unit: 'calls', bar: { none: true }, measures: 'of them, hung up by the client' },
};

const CLIENTS = 1_000;
export const CROSSTALK_CALLS = 50_000;
/** One call in so many is hung up. */
const HANG_UP_EACH = 20;
/** Reasons kept of those that went wrong. */
const SHOWN = 5;

interface Tally {
  left: number;
  calls: number;
  aborted: number;
  misrouted: number;
  unanswered: number;
  readonly reasons: string[];
}

export async function crosstalk(calls: number, progress: (line: string) => void): Promise<Report> {
  await using arena = await openArena(progress);
  const limits = { maxInFlight: CLIENTS * 2, maxSessions: CLIENTS };
  const { url } = await arena.subject({ tools: 1, limits });
  const tally: Tally = { left: calls, calls: 0, aborted: 0, misrouted: 0, unanswered: 0, reasons: [] };
  const timer = setInterval(() => progress(`${tally.calls} calls, ${tally.aborted} hung up`), 5_000);
  try {
    const clients = Array.from({ length: CLIENTS }, (_, at) => client(url, at, arena.token, tally));
    await Promise.all(clients);
    for (const reason of tally.reasons) progress(reason);
  } finally {
    clearInterval(timer);
  }
  return report('crosstalk', 1, crosstalkFigures, {
    misrouted: { rounds: [tally.misrouted] },
    unanswered: { rounds: [tally.unanswered] },
    calls: { rounds: [tally.calls] },
    aborted: { rounds: [tally.aborted] },
  });
}

/** Every third client uses a session, every third goes without one in the older revision. */
async function client(url: string, at: number, token: string, tally: Tally): Promise<void> {
  const session = at % 3 === 0 ? await openSession(url, token) : undefined;
  const connection = new Connection(new URL(url).origin, { pipelining: 1 });
  try {
    for (let id = 1; tally.left > 0; id += 1) {
      tally.left -= 1;
      const text = `client ${at}, call ${id}`;
      const slow = Math.random() < 0.5;
      const params = slow
        ? { name: 'later', arguments: { text, ms: Math.floor(Math.random() * 20) } }
        : { name: 'echo', arguments: { text } };
      const request =
        at % 3 === 2
          ? modern('tools/call', params, token, id)
          : legacy('tools/call', params, { token, id, ...(session === undefined ? {} : { session }) });
      await call(connection, request, { id, text }, tally);
    }
  } finally {
    await connection.destroy();
  }
}

async function call(
  connection: Connection,
  request: LoadRequest,
  asked: { readonly id: number; readonly text: string },
  tally: Tally,
): Promise<void> {
  tally.calls += 1;
  const hangUp = Math.random() < 1 / HANG_UP_EACH ? new AbortController() : undefined;
  const timer = hangUp && setTimeout(() => hangUp.abort(), Math.random() * 20);
  try {
    const answer = await connection.request({
      path: '/mcp',
      method: 'POST',
      headers: request.headers,
      body: request.body,
      ...(hangUp ? { signal: hangUp.signal } : {}),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}: ${text.slice(0, 200)}`);
    judge(text, asked, tally);
  } catch (error) {
    if (hangUp?.signal.aborted) {
      tally.aborted += 1;
      return;
    }
    tally.unanswered += 1;
    if (tally.reasons.length < SHOWN) tally.reasons.push(`${asked.text}: ${String(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

function judge(text: string, { id, text: said }: { readonly id: number; readonly text: string }, tally: Tally): void {
  const data = text.startsWith('{')
    ? text
    : (text.split('\n').findLast((line) => line.startsWith('data: {')) ?? '').slice(6);
  try {
    const message = JSON.parse(data) as { id?: unknown };
    if (message.id !== id) throw new Error(`the answer has the id ${String(message.id)}`);
    expectEcho(message, said);
  } catch (error) {
    tally.misrouted += 1;
    if (tally.reasons.length < SHOWN) tally.reasons.push(`${said}: ${String(error)}`);
  }
}
