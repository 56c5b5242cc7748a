/**
 * JSON lines by pino: ISO time, level as a word, one object a line. Secrets stay out twice over: fields with their
 * names are redacted, and a thrown value is reduced to name, message, code and stack. Knows no request.
 */
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import { inSourceTerms } from './source-maps.ts';

const SECRET_FIELDS = ['authorization', 'cookie', 'token', 'password', 'apiKey', 'secret', 'credential', 'headers'];
const MAX_TEXT = 4096;

/** What a line says of a thrown value; other properties may hold a request with its headers and are left out. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error).slice(0, MAX_TEXT) };
  const { code, reason } = error as { readonly code?: unknown; readonly reason?: unknown };
  return {
    name: error.name,
    message: error.message.slice(0, MAX_TEXT),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
    stack: error.stack && inSourceTerms(error.stack.slice(0, MAX_TEXT)),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** `stderr` where stdout carries the protocol. */
  readonly destination: 'stdout' | 'stderr' | DestinationStream;
}

/** A stream of the process, written at once, so that nothing is lost when it ends. */
export function openOutput(name: 'stdout' | 'stderr'): DestinationStream {
  return pino.destination({ dest: name === 'stdout' ? 1 : 2, sync: true });
}

export function createLog({ level, destination }: LogOptions): Logger {
  return pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError, err: describeError },
      redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    typeof destination === 'string' ? openOutput(destination) : destination,
  );
}
