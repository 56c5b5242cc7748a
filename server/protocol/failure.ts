/**
 * The error wrapper: what a client is told of a thrown value, and what only the log is told. Messages of ToolError,
 * InferenceError and RpcError were written for clients; of everything else a client sees an id. Knows no transport.
 */
import type { Logger } from 'pino';
import { InferenceError } from '../inference/inference.ts';
import type { Outcome } from '../telemetry/metrics.ts';
import { ToolError } from '../toolsets/toolset.ts';
import { Cancelled, TimeoutExceeded } from './deadline.ts';
import { INTERNAL_ERROR, INVALID_PARAMS, RpcError } from './rpc-error.ts';

export interface Circumstances {
  readonly id: string;
  readonly log: Logger;
  readonly method: string;
  readonly timeoutMs: number;
}

export interface Failure {
  readonly outcome: Outcome;
  readonly error: RpcError;
}

/** Logs what the client is not told. */
export function outcomeOf(error: unknown, { id, log, timeoutMs }: Circumstances): Failure {
  if (error instanceof RpcError)
    return { outcome: error.code === INVALID_PARAMS ? 'invalid_arguments' : 'invalid_request', error };
  if (error instanceof ToolError || error instanceof InferenceError)
    return { outcome: 'tool_error', error: new RpcError(INVALID_PARAMS, error.message) };
  if (error instanceof TimeoutExceeded) {
    log.warn({ timeoutMs }, 'the call took too long');
    const seconds = timeoutMs / 1000;
    return {
      outcome: 'timeout',
      error: new RpcError(INTERNAL_ERROR, `No answer within ${seconds} s. Ask for less, or try again later.`),
    };
  }
  if (error instanceof Cancelled)
    return { outcome: 'cancelled', error: new RpcError(INTERNAL_ERROR, 'The request was cancelled.') };
  log.error({ error }, 'internal error');
  return { outcome: 'internal_error', error: new RpcError(INTERNAL_ERROR, `internal error, id ${id}`) };
}
