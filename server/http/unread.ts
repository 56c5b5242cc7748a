/**
 * Answers that are complete while their clients do not read them. Each holds its place among the requests in flight and
 * all its bytes, so that a few such clients would lock out everybody else: their connections are cut. Knows nothing of
 * what an answer says.
 */
import type { ServerResponse } from 'node:http';

export interface UnreadLimits {
  /** Milliseconds between two looks. */
  readonly lookMs: number;
  /** Milliseconds that any client has. */
  readonly graceMs: number;
  /** What a client must read in a second beyond that. */
  readonly bytesPerSecond: number;
}

const LIMITS: UnreadLimits = { lookMs: 5_000, graceMs: 30_000, bytesPerSecond: 64 * 1024 };

/** Looks at the answers now and then, until the function that it gives is called. Keeps no process alive. */
export function cutUnread(answers: () => Iterable<ServerResponse>, limits: Partial<UnreadLimits> = {}): () => void {
  const { lookMs, graceMs, bytesPerSecond } = { ...LIMITS, ...limits };
  /** For answers that were seen complete, when they must have been read. */
  const due = new WeakMap<ServerResponse, number>();
  const look = (response: ServerResponse, now: number): void => {
    const { socket } = response;
    // Without a socket it stands behind another answer of its connection.
    if (!response.writableEnded || !socket) return;
    const end = due.get(response);
    if (end === undefined) due.set(response, now + graceMs + (socket.writableLength / bytesPerSecond) * 1_000);
    else if (now >= end) socket.destroy();
  };
  const timer = setInterval(() => {
    const now = performance.now();
    for (const response of answers()) look(response, now);
  }, lookMs).unref();
  return () => clearInterval(timer);
}
