/**
 * Answers that the front gives itself: always a JSON-RPC error or a small JSON object, never HTML, and never what a
 * request brought along unless it is quoted and short.
 */
import type { ServerResponse } from 'node:http';
import { REFUSED } from '../protocol/rpc-error.ts';
import { endWithTurn } from './end-of-turn.ts';

export interface Refusal {
  readonly status: number;
  /** Counted under this word. */
  readonly reason: string;
  readonly message: string;
  readonly code?: number;
  /** For programs, beside the code. */
  readonly data?: Readonly<Record<string, unknown>> | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export const errorBody = (code: number, message: string, data?: Refusal['data']): string =>
  JSON.stringify({ jsonrpc: '2.0', error: { code, message, data }, id: null });

/** A refusal that another try will not meet, after `retryAfterMs`. The header has whole seconds only. */
export const retryLater = (refusal: Omit<Refusal, 'data' | 'headers'>, retryAfterMs: number): Refusal => ({
  ...refusal,
  data: { retryAfterMs },
  headers: { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) },
});

export function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  headers?: Readonly<Record<string, string>>,
): void {
  const length = Buffer.byteLength(text);
  writeHead(response, status, length, headers);
  endWithTurn(response, text, length === text.length ? 'latin1' : 'utf8');
}

/**
 * A text that is another each time, and behind it what is the same: bytes, which are not copied, or a text that has a byte
 * for each character, so that nobody need count them.
 */
export function sendParts(response: ServerResponse, status: number, start: string, rest: Buffer | string): void {
  const length = Buffer.byteLength(start);
  writeHead(response, status, length + rest.length);
  const encoding = length === start.length ? 'latin1' : 'utf8';
  if (typeof rest === 'string') endWithTurn(response, start + rest, encoding);
  else endWithTurn(response, start, encoding, rest);
}

function writeHead(
  response: ServerResponse,
  status: number,
  length: number,
  headers?: Readonly<Record<string, string>>,
): void {
  const own = { 'content-type': 'application/json', 'content-length': length, 'x-content-type-options': 'nosniff' };
  response.writeHead(status, headers ? { ...own, ...headers } : own);
}

/** Does nothing where the answer has begun already. */
export function refuse(response: ServerResponse, { status, message, code = REFUSED, data, headers }: Refusal): void {
  if (response.headersSent || response.destroyed) return;
  sendText(response, status, errorBody(code, message, data), headers);
}
