import { expect, test } from 'vitest';
import type { ModelBackendStatus } from '#crds/modelbackend-status.ts';
import { findingOf } from './finding.ts';
import { status } from './status.ts';
import { CRASHED, cached, cachedPod, external, managed, NOTHING, READY, rolledOut } from './testing/fixtures.ts';

const backend = cached(managed({ accelerator: { count: 2 } }));

const statusOf = (object: typeof backend, observed: typeof NOTHING) =>
  status(
    { backend: object, observed, problems: [], finding: findingOf(object, undefined, undefined), previous: undefined },
    { url: 'http://a.test', pathPrefix: '/v' },
    '2026-01-01T00:00:00Z',
  );

test('the status of an engine says where it is, how many pods it has, and which devices they hold', () => {
  expect(
    statusOf(backend, { ...NOTHING, deployment: rolledOut({ replicas: 3 }), pods: [cachedPod(READY)] }),
  ).toMatchObject({
    observedGeneration: 2,
    addresses: [{ name: 'http', protocol: 'OpenAI', url: 'http://a.test', pathPrefix: '/v' }],
    models: [{ name: 'tiny', upstreamName: 'tiny', state: 'Pending', tasks: ['Chat'] }],
    replicas: 1,
    readyReplicas: 1,
    selector: 'app.kubernetes.io/name=model-backend,app.kubernetes.io/instance=llama',
    accelerator: { resourceName: 'nvidia.com/gpu', count: 2 },
  });
});

test('the status of a hosted API has no selector and no devices', () => {
  const made = statusOf(cached(external('https://api.test')), NOTHING);
  expect(Object.keys(made)).toEqual([
    'observedGeneration',
    'addresses',
    'models',
    'replicas',
    'readyReplicas',
    'conditions',
  ]);
});

test('a failure that was seen before a later one does not take its place', () => {
  const later = { reason: 'Error', message: 'later', pod: 'llama-9', exitCode: 1, time: '2026-01-01T02:00:00Z' };
  const observed = { ...NOTHING, pods: [cachedPod(CRASHED)] };
  const made = (lastFailure: NonNullable<ModelBackendStatus['lastFailure']>) =>
    status(
      {
        backend,
        observed,
        problems: [],
        finding: findingOf(backend, undefined, undefined),
        previous: { replicas: 0, readyReplicas: 0, lastFailure },
      },
      undefined,
      '2026-01-01T00:00:00Z',
    ).lastFailure;
  expect(made(later)).toEqual(later);
  const earlier = { ...later, time: '2026-01-01T00:59:59Z' };
  expect(made(earlier)).toMatchObject({ reason: 'OOMKilled', pod: 'llama-1' });
});
