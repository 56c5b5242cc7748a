/**
 * Kubernetes Events of a ModelBackend: one small function per event, and the one that tells from two statuses which of
 * them happened. Only transitions speak; a state that lasts is what conditions are for.
 */
import type { ModelBackendStatus } from '#crds/modelbackend-status.ts';
import { findCondition } from '#operator/kit/conditions.ts';
import type { EventIntent } from '#operator/kit/events.ts';
import type { Condition } from '#operator/kit/object.ts';

const ACTION = 'Reconcile';

const normal = (reason: string, note: string): EventIntent => ({ type: 'Normal', reason, action: ACTION, note });
const warning = (reason: string, note: string): EventIntent => ({ type: 'Warning', reason, action: ACTION, note });

export const becameReady = ({ message }: Condition): EventIntent => normal('Ready', message);
export const becameUnready = ({ reason, message }: Condition): EventIntent => warning(reason, message);
export const scaledToZero = ({ reason, message }: Condition): EventIntent => normal(reason, message);
export const refused = ({ reason, message }: Condition): EventIntent => warning(reason, message);
export const accepted = (): EventIntent => normal('Accepted', 'The problems of the spec are solved.');
export const degraded = ({ reason, message }: Condition): EventIntent => warning(reason, message);
export const recovered = (): EventIntent => normal('Recovered', 'Everything that the spec asks for serves again.');

/** `previous` is undefined for a status that is written for the first time. */
export function transitions(
  previous: ModelBackendStatus | undefined,
  next: ModelBackendStatus,
): readonly EventIntent[] {
  return [...acceptance(previous, next), ...readiness(previous, next), ...degradation(previous, next)];
}

/** The condition as it is, where its status or reason is another than before. */
function changed(type: string, previous: ModelBackendStatus | undefined, next: ModelBackendStatus) {
  const before = findCondition(previous?.conditions, type);
  const after = findCondition(next.conditions, type);
  const same = before?.status === after?.status && before?.reason === after?.reason;
  return { before, after: same ? undefined : after };
}

function acceptance(previous: ModelBackendStatus | undefined, next: ModelBackendStatus): readonly EventIntent[] {
  const { before, after } = changed('Accepted', previous, next);
  if (after === undefined) return [];
  if (after.status === 'False') return [refused(after)];
  return before === undefined ? [] : [accepted()];
}

/** What may be so while a backend starts, and is no failure yet. */
const STARTING = ['Pending', 'NoReadyPods', 'NoEndpoints', 'Loading'];

function readiness(previous: ModelBackendStatus | undefined, next: ModelBackendStatus): readonly EventIntent[] {
  const { before, after } = changed('Ready', previous, next);
  if (after === undefined) return [];
  if (after.status === 'True') return [becameReady(after)];
  if (after.reason === 'ScaledToZero') return [scaledToZero(after)];
  // A refused spec has an event of its own.
  if (findCondition(next.conditions, 'Accepted')?.status === 'False') return [];
  return before?.status === 'True' || !STARTING.includes(after.reason) ? [becameUnready(after)] : [];
}

function degradation(previous: ModelBackendStatus | undefined, next: ModelBackendStatus): readonly EventIntent[] {
  const { before, after } = changed('Degraded', previous, next);
  if (after === undefined) return [];
  if (after.status === 'True') return [degraded(after)];
  const serves = findCondition(next.conditions, 'Ready')?.status === 'True';
  return before?.status === 'True' && serves ? [recovered()] : [];
}
