/**
 * Whom the code under way belongs to, through every promise, timer and callback that comes of it: who answers for what
 * nobody has caught, and who pays for models. Must not know what a run is: the handlers of a process load this alone.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

/** Tokens of models. */
export interface Spent {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface Liable {
  /** Something that this began threw where nobody waited for it. */
  panic(error: unknown): void;
  spend(tokens: Spent): void;
}

export const current = new AsyncLocalStorage<Liable>();

/**
 * For the process's handlers of what nobody has caught. True where a tool is to blame, which costs its call and nothing
 * else; false for everything that no tool began.
 */
export function blameTool(error: unknown): boolean {
  const liable = current.getStore();
  liable?.panic(error);
  return liable !== undefined;
}
