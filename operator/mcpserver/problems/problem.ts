/**
 * What is wrong with a spec, found before anything is applied: a user's mistake or a reference to what is not there.
 * Never an exception; it becomes the condition Accepted.
 */
import type { MCP_SERVER_REASONS } from '#crds/mcpserver-status.ts';

export type AcceptedReason = (typeof MCP_SERVER_REASONS)['Accepted'][number];

export interface Problem {
  readonly reason: Exclude<AcceptedReason, 'Accepted'>;
  /** Names the field and the cure. */
  readonly message: string;
  /** Whether pods made from this spec could not run; then what is there stays as it is. */
  readonly blocking: boolean;
}
