/**
 * What the conditions are judged by: the backend, the world as observed, the problems of its spec, and what is known of
 * the answers. Plain data.
 */
import type { MODEL_BACKEND_REASONS, ModelBackendStatus } from '#crds/modelbackend-status.ts';
import type { CachedModelBackend } from '#operator/workload/customresources.ts';
import type { Problem } from '#operator/workload/problem.ts';
import type { Verdict } from '#operator/workload/verdict.ts';
import type { Finding } from '../finding.ts';
import type { Observed } from '../observe.ts';

export interface Situation {
  readonly backend: CachedModelBackend;
  readonly observed: Observed;
  readonly problems: readonly Problem[];
  readonly finding: Finding;
  /** The last status that was written. */
  readonly previous: ModelBackendStatus | undefined;
}

type Reasons = typeof MODEL_BACKEND_REASONS;

/** A judgement about one condition type, with the reasons that this type may carry. */
export type Judgement<Type extends keyof Reasons> = Verdict<Reasons[Type][number]>;
