import { expect, test } from 'vitest';
import type { ModelBackendStatus } from '#crds/modelbackend-status.ts';
import { findingOf } from './finding.ts';
import { status } from './status.ts';
import { CRASHED, cached, cachedPod, managed, NOTHING, READY, rolledOut } from './testing/fixtures.ts';
import { urgency } from './urgency.ts';

const backend = cached(managed({ replicas: 2 }));
const LOADED = { name: 'tiny', upstreamName: 'tiny', state: 'Loaded', reason: 'Loaded', message: '' } as const;
const result = {
  reachable: { status: 'True', reason: 'Reachable', message: 'the backend answers' },
  models: [LOADED],
  latencyMs: 1,
  checkedAt: 1,
} as const;

function statusOf(pods: readonly (typeof READY)[], probe: typeof result | undefined = result): ModelBackendStatus {
  const observed = {
    ...NOTHING,
    deployment: rolledOut({ replicas: 2 }),
    pods: pods.map((pod, i) => cachedPod(pod, `llama-${i}`)),
  };
  const finding = findingOf(backend, probe, undefined);
  const situation = { backend, observed, problems: [], finding, previous: undefined };
  return status(situation, undefined, '2026-01-01T00:00:00Z');
}

const both = statusOf([READY, READY]);
const absent = statusOf([], undefined);
const modelsOf = (state: 'Loaded' | 'Failed') => [
  ...(both.models ?? []),
  { name: 'other', upstreamName: 'other', state, tasks: [] },
];

test.each([
  ['what was never said before', undefined, absent, 'verdict'],
  ['that it is ready', absent, both, 'now'],
  ['that it is ready no more', both, absent, 'now'],
  ['that less serves than was asked for', both, statusOf([READY, CRASHED]), 'now'],
  [
    'that one of the models is gone',
    { ...both, models: modelsOf('Loaded') },
    { ...both, models: modelsOf('Failed') },
    'now',
  ],
  ['another reason', absent, statusOf([CRASHED], undefined), 'verdict'],
  ['another number of pods', both, { ...both, readyReplicas: 3 }, 'count'],
] as const)('how soon a status is written that tells %s', (_, previous, next, how) => {
  expect(urgency(previous, next as ModelBackendStatus)).toBe(how);
});
