/**
 * What is wrong with a spec that the schema cannot see: a user's mistake or a reference to what is not there. Never an
 * exception; it becomes the condition Accepted. While there is one nothing is applied, and what runs goes on.
 */
import type { MODEL_BACKEND_REASONS } from '#crds/modelbackend-status.ts';

type AcceptedReason = (typeof MODEL_BACKEND_REASONS)['Accepted'][number];

export interface Problem {
  readonly reason: Exclude<AcceptedReason, 'Accepted'>;
  /** Names the field and the cure. */
  readonly message: string;
}
