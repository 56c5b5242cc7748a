/**
 * Reads a request's body up to a bound. What is too large is refused as soon as that is known; the rest is thrown away
 * for a moment, because a client that is still sending would not read an answer from a reset connection.
 */
import type { IncomingMessage } from 'node:http';

export type Body = Buffer | 'TooLarge';

const EMPTY = Buffer.alloc(0);
/** How much and how long is thrown away after a refusal. */
const LINGER_BYTES = 16 * 1024 * 1024;
const LINGER_MS = 5_000;

/**
 * Calls `done` once, from within the event that completes the body: a promise would cost a turn of the event loop for
 * each request. Never calls it where the client goes away before.
 */
export function receiveBody(request: IncomingMessage, maxBytes: number, done: (body: Body) => void): void {
  const announced = Number(request.headers['content-length'] ?? Number.NaN);
  if (announced > maxBytes) return done('TooLarge');
  let first: Buffer | undefined;
  let chunks: Buffer[] | undefined;
  let size = 0;
  let settled = false;
  const settle = (body: Body): void => {
    if (settled) return;
    settled = true;
    done(body);
  };
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (settled) return;
    if (size > maxBytes) return settle('TooLarge');
    if (first === undefined) first = chunk;
    else (chunks ??= [first]).push(chunk);
    if (size === announced) settle(chunks ? Buffer.concat(chunks, size) : first);
  });
  // Most say how much they send, and need no other event.
  if (!(announced > 0)) request.on('end', () => settle(chunks ? Buffer.concat(chunks, size) : (first ?? EMPTY)));
}

export const readBody = (request: IncomingMessage, maxBytes: number): Promise<Body | 'Aborted'> =>
  new Promise((resolve) => {
    receiveBody(request, maxBytes, resolve);
    request.on('close', () => resolve('Aborted'));
  });

/** Throws away what a refused request still sends, within bounds; beyond them the connection is cut. */
export function discardBody(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  let left = LINGER_BYTES;
  const timer = setTimeout(() => request.destroy(), LINGER_MS);
  timer.unref();
  request.on('error', () => clearTimeout(timer));
  request.on('close', () => clearTimeout(timer));
  request.on('end', () => clearTimeout(timer));
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
}
