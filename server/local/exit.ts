/**
 * How a process of the server ends when something goes wrong: what a failed start tells the person and the shell, and
 * what becomes of an error that nobody caught. Does not reach for the process: the entry files hand it in.
 */
import type { Logger } from 'pino';
import { ConfigError } from '../config-error.ts';
import { blameTool } from '../protocol/current.ts';

export interface Exit {
  /** 2 for a mistake of the user, 1 for everything else. */
  readonly code: 1 | 2;
  readonly text: string;
}

/** A mistake needs no stack; a taken port is a mistake too. */
export function exitOf(error: unknown): Exit {
  if (error instanceof ConfigError) return { code: 2, text: `${error.message}\n` };
  if (error instanceof SuppressedError) {
    // What was opened until then could not be closed either. The mistake came first.
    const first = exitOf(error.suppressed);
    return { code: first.code, text: `${first.text}${exitOf(error.error).text}` };
  }
  const { code, port } = (error ?? {}) as { readonly code?: unknown; readonly port?: unknown };
  if (code === 'EADDRINUSE') return { code: 2, text: `port ${String(port)} is taken: give another with --port\n` };
  return { code: 1, text: `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n` };
}

/**
 * What nobody caught: where it comes from a tool, only its call fails. Everything else ends the process, with a line
 * that says so; whoever runs it starts it again.
 */
export function endOnCrash(host: Pick<NodeJS.Process, 'on' | 'exit'>, log: Logger): void {
  const crash = (error: unknown): void => {
    if (blameTool(error)) return;
    log.error({ error }, 'crashed by a programming error');
    host.exit(1);
  };
  host.on('uncaughtException', crash);
  host.on('unhandledRejection', crash);
}
