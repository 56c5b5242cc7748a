/** The Events of a ModelBackend: one small function for each thing a person would ask about. */
import type { ModelBackendStatus } from '#crds/modelbackend-status.ts';
import { findCondition } from '#operator/kit/conditions.ts';
import type { EventIntent } from '#operator/kit/events.ts';
import type { Condition } from '#operator/kit/object.ts';

const ready = ({ message }: Condition): EventIntent => ({
  type: 'Normal',
  reason: 'Ready',
  action: 'Probe',
  note: message,
});
const notReady = ({ reason, message }: Condition): EventIntent => ({
  type: 'Warning',
  reason,
  action: 'Probe',
  note: message,
});
const refused = ({ reason, message }: Condition): EventIntent => ({
  type: 'Warning',
  reason,
  action: 'Reconcile',
  note: message,
});
const degraded = ({ reason, message }: Condition): EventIntent => ({
  type: 'Warning',
  reason,
  action: 'Probe',
  note: message,
});
const recovered = (): EventIntent => ({
  type: 'Normal',
  reason: 'Recovered',
  action: 'Probe',
  note: 'Nothing is missing any more.',
});

type Conditions = ModelBackendStatus['conditions'];

/** What is worth an Event between two statuses. The first Pending after creation is not: nothing has happened yet. */
export function transitions(before: Conditions, after: Conditions): readonly EventIntent[] {
  const turned = (type: string): Condition | undefined => {
    const now = findCondition(after, type);
    return now !== undefined && now.status !== findCondition(before, type)?.status ? now : undefined;
  };
  const events: EventIntent[] = [];
  const accepted = turned('Accepted');
  if (accepted?.status === 'False') events.push(refused(accepted));
  const readiness = turned('Ready');
  if (readiness?.status === 'True') events.push(ready(readiness));
  else if (readiness !== undefined && findCondition(before, 'Ready')?.status === 'True')
    events.push(notReady(readiness));
  const lessThanAsked = turned('Degraded');
  if (lessThanAsked?.status === 'True') events.push(degraded(lessThanAsked));
  else if (findCondition(before, 'Degraded')?.status === 'True' && lessThanAsked !== undefined)
    events.push(recovered());
  return events;
}
