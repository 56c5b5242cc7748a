/** Answers of the older revisions' HTTP that are no answer to a JSON-RPC request. */
import type { Refusal } from '../../http/answer.ts';
import { INTERNAL_ERROR, REFUSED } from '../rpc-error.ts';
import { LEGACY_REVISIONS } from './revisions.ts';

/** By this status a client knows that it must open a session anew. The same whether it never was or is another's. */
export const UNKNOWN_SESSION: Refusal = { status: 404, reason: 'session', message: 'Session not found', code: -32_001 };

export const FULL: Refusal = {
  status: 503,
  reason: 'sessions',
  message: 'All sessions of this server are in use. Try again later.',
  headers: { 'retry-after': '10' },
};

export const NOT_ALLOWED: Refusal = {
  status: 405,
  reason: 'method',
  message: 'Method not allowed without a session. Send MCP requests with POST.',
  headers: { allow: 'POST, OPTIONS' },
};

export const UNKNOWN_EVENT: Refusal = {
  status: 400,
  reason: 'event',
  message: 'Last-Event-ID is not an id of this server.',
};

export const UNKNOWN_REVISION: Refusal = {
  status: 400,
  reason: 'revision',
  message: `Bad Request: Unsupported protocol version (supported versions: ${LEGACY_REVISIONS.join(', ')})`,
};

export const INTERNAL: Refusal = { status: 500, reason: 'internal', message: 'internal error', code: INTERNAL_ERROR };

export const notAcceptable = (types: string): Refusal => ({
  status: 406,
  reason: 'accept',
  message: `Not Acceptable: the client must accept ${types}.`,
  code: REFUSED,
});
