import { describe, expect, test } from 'vitest';
import { MODEL_BACKEND_REASONS, type ModelBackendStatus } from '#crds/modelbackend-status.ts';
import type { ModelVerdict, Reachability } from '#models/verdict.ts';
import type { ModelBackendObject } from '#operator/workload/customresources.ts';
import type { Problem } from '#operator/workload/problem.ts';
import { findingOf } from '../finding.ts';
import type { Observed } from '../observe.ts';
import { status } from '../status.ts';
import * as fixtures from '../testing/fixtures.ts';

const { cached, cachedPod, CRASHED, external, managed, NOTHING, READY, rolledOut, UNREADY } = fixtures;

const hosted = external('https://api.test', { models: [{ name: 'a' }, { name: 'b' }] });
const YES: Reachability = { status: 'True', reason: 'Reachable', message: 'the backend answers' };
const no = (reason: Reachability['reason']): Reachability => ({ status: 'False', reason, message: `it is ${reason}` });
const model = (name: string, state: ModelVerdict['state'], reason: ModelVerdict['reason']): ModelVerdict => ({
  name,
  upstreamName: name,
  state,
  reason,
  message: `it is ${reason}`,
});
const LOADED = model('a', 'Loaded', 'Loaded');
const probe = (reachable: Reachability, ...models: readonly ModelVerdict[]) => ({
  reachable,
  models,
  latencyMs: 1,
  checkedAt: 1,
});

interface Case {
  readonly backend?: ModelBackendObject;
  readonly pods?: readonly fixtures.PodStatus[];
  readonly deployment?: Observed['deployment'];
  readonly problems?: readonly Problem['reason'][];
  readonly probe?: ReturnType<typeof probe>;
  readonly previous?: ModelBackendStatus;
}

function statusOf({ backend = hosted, pods = [], deployment, problems = [], probe, previous }: Case) {
  const object = cached(backend);
  const situation = {
    backend: object,
    observed: { ...NOTHING, deployment, pods: pods.map((pod, i) => cachedPod(pod, `llama-${i}`)) },
    problems: problems.map((reason) => ({ reason, message: `a problem: ${reason}`, blocking: true })),
    finding: findingOf(object, probe, previous),
    previous,
  };
  return status(situation, { url: 'https://api.test', pathPrefix: '' }, '2026-01-02T00:00:00Z');
}

const verdictsOf = (made: ModelBackendStatus) =>
  Object.fromEntries(
    (made.conditions ?? []).map(({ type, status: verdict, reason }) => [type, `${verdict}/${reason}`]),
  );

const engine = managed();
const none = managed({ replicas: 0 });
const TINY = { ...LOADED, name: 'tiny', upstreamName: 'tiny' };
const serving = { backend: engine, pods: [READY], deployment: rolledOut(), probe: probe(YES, TINY) };

const CASES: readonly (readonly [string, Case, Record<string, string>])[] = [
  [
    'answers',
    { probe: probe(YES, LOADED, model('b', 'Loaded', 'Loaded')) },
    {
      Accepted: 'True/Accepted',
      Available: 'True/NotNeeded',
      Reachable: 'True/Reachable',
      ModelsLoaded: 'True/Loaded',
      Progressing: 'False/NotNeeded',
      Degraded: 'False/AsExpected',
      Ready: 'True/Serving',
    },
  ],
  ['was not asked', {}, { Reachable: 'Unknown/Pending', ModelsLoaded: 'False/Pending', Ready: 'False/Pending' }],
  ...(['ConnectionRefused', 'TLSFailed', 'Unauthorized', 'Timeout', 'BadResponse'] as const).map(
    (reason) =>
      [
        `is ${reason}`,
        { probe: probe(no(reason), model('a', 'Unknown', 'Pending')) },
        {
          Reachable: `False/${reason}`,
          ModelsLoaded: 'False/Pending',
          Ready: `False/${reason}`,
          Degraded: 'False/AsExpected',
        },
      ] as const,
  ),
  [
    'lists its models only',
    { probe: probe(YES, LOADED, model('b', 'Loaded', 'Unverified')) },
    { ModelsLoaded: 'True/Unverified', Ready: 'True/Serving' },
  ],
  [
    'loads',
    { probe: probe(YES, model('a', 'Loading', 'Loading'), model('b', 'Loading', 'Loading')) },
    {
      Reachable: 'True/Reachable',
      ModelsLoaded: 'False/Loading',
      Ready: 'False/Loading',
      Degraded: 'False/AsExpected',
    },
  ],
  [
    'lacks a model',
    { probe: probe(YES, LOADED, model('b', 'Failed', 'NotListed')) },
    { ModelsLoaded: 'False/NotListed', Degraded: 'True/ModelsMissing', Ready: 'True/Serving' },
  ],
  [
    'has a broken model',
    { probe: probe(YES, model('a', 'Loading', 'Loading'), model('b', 'Failed', 'LoadFailed')) },
    { ModelsLoaded: 'False/LoadFailed', Ready: 'False/LoadFailed' },
  ],
  ...(['NameConflict', 'UnsupportedCombination', 'SecretNotFound', 'InvalidReference'] as const).map(
    (reason) =>
      [
        `has the problem ${reason}`,
        { problems: [reason] },
        { Accepted: `False/${reason}`, Reachable: 'Unknown/Pending', Ready: `False/${reason}` },
      ] as const,
  ),
  [
    'has several problems',
    { problems: ['InvalidReference', 'SecretNotFound', 'NameConflict'] },
    { Accepted: 'False/NameConflict' },
  ],
  [
    'runs',
    serving,
    {
      Available: 'True/MinimumReplicasAvailable',
      Progressing: 'False/Complete',
      Degraded: 'False/AsExpected',
      Ready: 'True/Serving',
    },
  ],
  [
    'has no pod yet',
    { backend: engine },
    {
      Available: 'False/NoReadyPods',
      Reachable: 'False/NoEndpoints',
      ModelsLoaded: 'False/Pending',
      Progressing: 'True/RollingOut',
      Ready: 'False/NoReadyPods',
    },
  ],
  [
    'has a pod that is not ready',
    { ...serving, pods: [UNREADY] },
    { Available: 'False/NoReadyPods', Reachable: 'False/NoEndpoints', Ready: 'False/NoReadyPods' },
  ],
  ['crashes', { ...serving, pods: [CRASHED] }, { Available: 'False/CrashLooping', Ready: 'False/CrashLooping' }],
  ['finds no node', { ...serving, pods: [fixtures.UNSCHEDULABLE] }, { Available: 'False/Unschedulable' }],
  ['finds no image', { ...serving, pods: [fixtures.UNPULLABLE] }, { Available: 'False/ImagePullFailed' }],
  [
    'is scaled to zero',
    { ...serving, backend: none, pods: [], deployment: rolledOut({ replicas: 0 }) },
    {
      Available: 'False/ScaledToZero',
      Reachable: 'False/NoEndpoints',
      Progressing: 'False/Complete',
      Ready: 'False/ScaledToZero',
    },
  ],
  [
    'is scaled to zero and its pod still stops',
    { ...serving, backend: none, pods: [UNREADY] },
    { Available: 'False/ScaledToZero' },
  ],
  [
    'has fewer pods than asked for',
    { ...serving, backend: managed({ replicas: 2 }), pods: [READY, UNREADY], deployment: rolledOut({ replicas: 2 }) },
    { Degraded: 'True/ReplicasUnavailable', Ready: 'True/Serving' },
  ],
  [
    'does not roll out',
    { ...serving, pods: [READY, CRASHED], deployment: rolledOut({ progress: 'ProgressDeadlineExceeded' }) },
    { Progressing: 'False/DeadlineExceeded', Degraded: 'True/PreviousRevisionServing', Ready: 'True/Serving' },
  ],
  [
    'runs an earlier spec',
    { ...serving, problems: ['SecretNotFound'] },
    { Degraded: 'True/PreviousRevisionServing', Ready: 'False/SecretNotFound' },
  ],
];

describe('a backend that', () => {
  test.each(CASES)('%s', (_, given, expected) => {
    expect(verdictsOf(statusOf(given))).toMatchObject(expected);
  });

  test('the cases above show every reason that the schema lists', () => {
    const seen = new Set(
      CASES.flatMap(([, given]) => Object.entries(verdictsOf(statusOf(given)))).map(
        ([type, verdict]) => `${type}/${verdict.split('/')[1]}`,
      ),
    );
    const listed = Object.entries(MODEL_BACKEND_REASONS).flatMap(([type, reasons]) =>
      reasons.map((reason) => `${type}/${reason}`),
    );
    expect(listed.filter((reason) => !seen.has(reason))).toEqual([]);
  });
});
