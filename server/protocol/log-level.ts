/**
 * Severities of messages to clients (RFC 5424), in order.
 */
import type { LogLevel } from '../toolsets/call.ts';

export type { LogLevel } from '../toolsets/call.ts';

const ORDER: Readonly<Record<LogLevel, number>> = {
  debug: 0,
  info: 1,
  notice: 2,
  warning: 3,
  error: 4,
  critical: 5,
  alert: 6,
  emergency: 7,
};

export const LOG_LEVELS = Object.keys(ORDER) as readonly LogLevel[];

export const isLogLevel = (value: unknown): value is LogLevel =>
  typeof value === 'string' && Object.hasOwn(ORDER, value);

export const isAtLeast = (level: LogLevel, wanted: LogLevel): boolean => ORDER[level] >= ORDER[wanted];
