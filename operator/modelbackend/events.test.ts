import { expect, test } from 'vitest';
import type { ModelBackendStatus } from '#crds/modelbackend-status.ts';
import { transitions } from './events.ts';

/** A status with these conditions, given as `True/Reason`. */
function having(conditions: Readonly<Record<string, string>>): ModelBackendStatus {
  return {
    replicas: 0,
    readyReplicas: 0,
    conditions: Object.entries(conditions).map(([type, verdict]) => {
      const [status, reason = ''] = verdict.split('/');
      return {
        type,
        status: status as 'True' | 'False',
        reason,
        message: `${reason} it is.`,
        observedGeneration: 1,
        lastTransitionTime: '2026-01-01T00:00:00Z',
      };
    }),
  };
}

const READY = { Accepted: 'True/Accepted', Ready: 'True/Serving', Degraded: 'False/AsExpected' };
const PENDING = { ...READY, Ready: 'False/NoReadyPods' };
const REFUSED = { ...READY, Accepted: 'False/SecretNotFound', Ready: 'False/SecretNotFound' };
const DEGRADED = { ...READY, Degraded: 'True/ModelsMissing' };

test.each([
  ['starts', undefined, PENDING, []],
  ['turns ready', PENDING, READY, ['Normal Ready: Serving it is.']],
  ['stays ready', READY, READY, []],
  ['loses its pods', READY, PENDING, ['Warning NoReadyPods: NoReadyPods it is.']],
  [
    'is refused at its first attempt',
    PENDING,
    { ...PENDING, Ready: 'False/Unauthorized' },
    ['Warning Unauthorized: Unauthorized it is.'],
  ],
  [
    'crashes instead of starting',
    PENDING,
    { ...PENDING, Ready: 'False/CrashLooping' },
    ['Warning CrashLooping: CrashLooping it is.'],
  ],
  ['is loading', PENDING, { ...PENDING, Ready: 'False/Loading' }, []],
  ['is scaled to zero', READY, { ...READY, Ready: 'False/ScaledToZero' }, ['Normal ScaledToZero: ScaledToZero it is.']],
  ['has a wrong spec', undefined, REFUSED, ['Warning SecretNotFound: SecretNotFound it is.']],
  [
    'is corrected',
    REFUSED,
    READY,
    ['Normal Accepted: The problems of the spec are solved.', 'Normal Ready: Serving it is.'],
  ],
  ['loses a model', READY, DEGRADED, ['Warning ModelsMissing: ModelsMissing it is.']],
  ['has all models again', DEGRADED, READY, ['Normal Recovered: Everything that the spec asks for serves again.']],
  ['loses the rest, too', DEGRADED, PENDING, ['Warning NoReadyPods: NoReadyPods it is.']],
] as const)('a backend that %s', (_, before, after, said) => {
  const events = transitions(before === undefined ? undefined : having(before), having(after));
  expect(events.map(({ type, reason, note }) => `${type} ${reason}: ${note}`)).toEqual(said);
});
