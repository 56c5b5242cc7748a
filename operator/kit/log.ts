/**
 * JSON lines on stdout by pino: one object per line, ISO time, level as a word. Secrets never reach a line: well-known
 * secret fields are redacted by path, and errors are reduced to name, message, code and stack.
 */
import { type DestinationStream, pino, stdTimeFunctions } from 'pino';

type Write = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** The part of a logger the kit uses; pino's Logger fits. */
export interface Logger {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
  child(fields: Readonly<Record<string, unknown>>): Logger;
}

const secretNames = [
  'authorization',
  'token',
  'password',
  'apiKey',
  'secret',
  'data',
  'stringData',
  'key',
  'credential',
];
const maxMessage = 4096;

/** What is logged of a thrown value; never its other properties, which may hold a request or its headers. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error).slice(0, maxMessage) };
  const extra = error as { readonly code?: unknown; readonly reason?: unknown };
  return {
    name: error.name,
    message: error.message.slice(0, maxMessage),
    ...(typeof extra.code === 'string' || typeof extra.code === 'number' ? { code: extra.code } : {}),
    ...(typeof extra.reason === 'string' ? { reason: extra.reason } : {}),
    stack: error.stack?.slice(0, maxMessage),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}

export interface LogOptions {
  readonly level?: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly destination?: DestinationStream;
}

export function createLogger(options: LogOptions = {}): Logger {
  return pino(
    {
      level: options.level ?? 'info',
      base: null,
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError },
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    },
    options.destination ?? pino.destination({ dest: 1, sync: true }),
  );
}

const nothing: Write = () => undefined;
/** For tests and tools. */
export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLogger,
};
