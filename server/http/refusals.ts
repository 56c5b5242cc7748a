/**
 * What the front refuses by itself, and in which words. Must not know how a request came.
 */
import type { IncomingMessage } from 'node:http';
import { type Refusal, retryLater } from './answer.ts';

const JSON_TYPE = /^application\/json\s*(;\s*charset=(utf-8|"utf-8")\s*)?$/i;
/** Clients that were refused for lack of room come back within that time, not all at once. */
const ROOM_MS = 1_000;

/** What is wrong with a request to the endpoint by its method and headers. */
export function problemOf({ method, headers }: IncomingMessage, maxBodyBytes: number): Refusal | undefined {
  if (method !== 'POST') {
    if ((method === 'GET' || method === 'DELETE') && headers['mcp-session-id'] !== undefined) return undefined;
    const message = 'Method not allowed. Send MCP requests with POST.';
    return { status: 405, reason: 'method', message, headers: { allow: 'POST, OPTIONS' } };
  }
  const type = headers['content-type'];
  if (type !== 'application/json' && !JSON_TYPE.test(type ?? ''))
    return { status: 415, reason: 'type', message: 'Content-Type must be application/json, in UTF-8.' };
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity')
    return { status: 415, reason: 'encoding', message: 'Send the body without Content-Encoding.' };
  return Number(headers['content-length']) > maxBodyBytes ? tooLarge(maxBodyBytes) : undefined;
}

export const tooLarge = (maxBodyBytes: number): Refusal => ({
  status: 413,
  reason: 'size',
  message: `The body is larger than ${maxBodyBytes} bytes. Send less at once.`,
});

export const tooManyRequests = (retryAfterMs: number): Refusal =>
  retryLater({ status: 429, reason: 'rate', message: 'Too many requests. Wait before the next one.' }, retryAfterMs);

export function noRoom(): Refusal {
  const message = 'This server works on as many requests as it can. Send the request again.';
  const retryAfterMs = Math.ceil(ROOM_MS * (0.5 + Math.random() / 2));
  return retryLater({ status: 503, reason: 'in_flight', message }, retryAfterMs);
}
