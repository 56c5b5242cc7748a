/** What a failed start tells the person and the shell. */
import { ConfigError } from '../config-error.ts';

export interface Exit {
  /** 2 for a mistake of the user, 1 for everything else. */
  readonly code: 1 | 2;
  readonly text: string;
}

/** A mistake needs no stack; a taken port is a mistake too. */
export function exitOf(error: unknown): Exit {
  if (error instanceof ConfigError) return { code: 2, text: `${error.message}\n` };
  const { code, port } = (error ?? {}) as { readonly code?: unknown; readonly port?: unknown };
  if (code === 'EADDRINUSE') return { code: 2, text: `port ${String(port)} is taken: give another with --port\n` };
  return { code: 1, text: `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n` };
}
