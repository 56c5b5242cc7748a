/**
 * What the verifier last found out about a server. Everything in it came from outside and has been bounded.
 */
import type { McpServerStatus } from '#crds/mcpserver-status.ts';

export type Tool = NonNullable<McpServerStatus['tools']>[number];

export interface Answered {
  readonly outcome: 'Answered';
  readonly versions: readonly string[];
  readonly serverName: string;
  /** Of the server's program, '' where it does not say. */
  readonly version: string;
  /** Sorted by name. */
  readonly tools: readonly Tool[];
}

/** The server asks for a token, which the operator has not. */
export interface Guarded {
  readonly outcome: 'Guarded';
}

export type Finding =
  | Answered
  | Guarded
  | { readonly outcome: 'HandshakeFailed' | 'Timeout'; readonly message: string };

/** Whether it came from a server that is up. */
export const answers = ({ outcome }: Finding): boolean => outcome === 'Answered' || outcome === 'Guarded';
