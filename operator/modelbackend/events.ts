/**
 * Kubernetes Events of a ModelBackend, told from two statuses: the one that stands and the next. Only transitions speak; a state that lasts is what conditions are for.
 */
import type { ModelBackendStatus } from '#crds/modelbackend-status.ts';
import type { EventIntent } from '#operator/kit/events.ts';
import { acceptance, changed, degradation, isRefused, normal, warning } from '#operator/workload/transitions.ts';

/** `previous` is undefined for a status that is written for the first time. */
export function transitions(
  previous: ModelBackendStatus | undefined,
  next: ModelBackendStatus,
): readonly EventIntent[] {
  return [...acceptance(previous, next), ...readiness(previous, next), ...degradation(previous, next, 'Ready')];
}

/** What may be so while a backend starts, and is no failure yet. */
const STARTING = ['Pending', 'NoReadyPods', 'NoEndpoints', 'Loading'];

function readiness(previous: ModelBackendStatus | undefined, next: ModelBackendStatus): readonly EventIntent[] {
  const { before, after } = changed('Ready', previous, next);
  if (after === undefined) return [];
  if (after.status === 'True') return [normal('Ready', after.message)];
  if (after.reason === 'ScaledToZero') return [normal(after.reason, after.message)];
  if (isRefused(next)) return [];
  return before?.status === 'True' || !STARTING.includes(after.reason) ? [warning(after)] : [];
}
