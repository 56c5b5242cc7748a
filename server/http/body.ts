/**
 * Reads a request's body up to a bound. What is too large is refused as soon as that is known; the rest is thrown away
 * for a moment, because a client that is still sending would not read an answer from a reset connection.
 */
import type { IncomingMessage } from 'node:http';

export type Body = Buffer | 'TooLarge' | 'Aborted';

/** How much and how long is thrown away after a refusal. */
const LINGER_BYTES = 16 * 1024 * 1024;
const LINGER_MS = 5_000;

export function readBody(request: IncomingMessage, maxBytes: number): Promise<Body> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.resolve('TooLarge');
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (body: Body): void => {
      request.off('data', data).off('end', end).off('error', aborted).off('close', aborted);
      resolve(body);
    };
    const data = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > maxBytes) settle('TooLarge');
      else chunks.push(chunk);
    };
    const end = (): void => settle(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size));
    const aborted = (): void => settle('Aborted');
    request.on('data', data).on('end', end).on('error', aborted).on('close', aborted);
  });
}

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
