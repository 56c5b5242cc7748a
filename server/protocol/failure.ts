/**
 * The error wrapper: what a client is told of a thrown value, and what only the log is told. Messages of ToolError,
 * InferenceError and RpcError were written for clients; of everything else a client sees an id. Knows no transport.
 */
import type { Logger } from 'pino';
import { InferenceError } from '../inference/inference.ts';
import type { Outcome } from '../telemetry/metrics.ts';
import { ToolError } from '../toolsets/toolset.ts';
import { INTERNAL_ERROR, INVALID_PARAMS, RpcError, ScopeRequired } from './rpc-error.ts';

/** The time of a call is over. */
export class TimeoutExceeded extends Error {
  override readonly name = 'TimeoutExceeded';
}

/** The client went away or took its request back. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

export interface Circumstances {
  readonly id: string;
  readonly log: Logger;
  readonly timeoutMs: number;
}

export interface Failure {
  readonly outcome: Outcome;
  readonly error: RpcError | ScopeRequired;
}

/** Logs what the client is not told. */
export function failureOf(error: unknown, circumstances: Circumstances): Failure {
  if (error instanceof RpcError)
    return { outcome: error.code === INVALID_PARAMS ? 'invalid_arguments' : 'invalid_request', error };
  if (error instanceof ScopeRequired) return { outcome: 'forbidden', error };
  if (error instanceof ToolError || error instanceof InferenceError)
    return { outcome: 'tool_error', error: new RpcError(INVALID_PARAMS, error.message) };
  if (error instanceof Cancelled)
    return { outcome: 'cancelled', error: new RpcError(INTERNAL_ERROR, 'The request was cancelled.') };
  // Only here, because making an id and a logger for it costs more than the rest of a short call.
  const { id, log, timeoutMs } = circumstances;
  if (error instanceof TimeoutExceeded) {
    log.warn({ timeoutMs }, 'the call took too long');
    const message = `No answer within ${timeoutMs / 1000} s. Ask for less, or try again later.`;
    return { outcome: 'timeout', error: new RpcError(INTERNAL_ERROR, message) };
  }
  log.error({ error }, 'internal error');
  return { outcome: 'internal_error', error: new RpcError(INTERNAL_ERROR, `internal error, id ${id}`) };
}
