import { expect, test } from 'vitest';
import { type CachedPod, gravestProblem, latestFailure, projectPod, servingPods } from './pods.ts';

function pod(status: object, name = 'x-1', more: object = {}): CachedPod {
  const metadata = { name, namespace: 'a', uid: name, resourceVersion: '1', ...more };
  return projectPod({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [] }, status });
}

const container = (more: object) => ({
  containerStatuses: [{ name: 'server', ready: false, restartCount: 0, ...more }],
});
const ended = { exitCode: 1, reason: 'Error', message: 'no\nconfig \u001b[31m', finishedAt: '2026-01-01T00:00:00Z' };

test.each<[string, object, object | undefined]>([
  ['a pod that starts has none', container({ state: { waiting: { reason: 'ContainerCreating' } } }), undefined],
  [
    'an image that cannot be pulled',
    container({ state: { waiting: { reason: 'ErrImagePull', message: 'not found' } } }),
    { reason: 'ImagePullFailed', message: 'not found' },
  ],
  [
    'the same while the kubelet waits before it tries again',
    container({
      state: {
        waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "x": ErrImagePull: not found' },
      },
    }),
    { reason: 'ImagePullFailed', message: 'not found' },
  ],
  [
    'a name that is no image',
    container({ state: { waiting: { reason: 'InvalidImageName' } } }),
    { reason: 'ImagePullFailed', message: 'The image cannot be pulled (InvalidImageName).' },
  ],
  [
    'a container that has ended for the first time',
    container({ state: { terminated: ended } }),
    { reason: 'CrashLooping', message: 'Container server ended with exit code 1 (Error): no config [31m' },
  ],
  [
    'one that runs again and is not ready yet',
    container({ state: { running: {} }, lastState: { terminated: ended }, restartCount: 1 }),
    { reason: 'CrashLooping', message: 'Container server ended with exit code 1 (Error): no config [31m' },
  ],
  [
    'one that recovered has none',
    container({ ready: true, state: { running: {} }, lastState: { terminated: ended } }),
    undefined,
  ],
  ['one that ended in order has none', container({ state: { terminated: { exitCode: 0 } } }), undefined],
  [
    'a Secret without the key',
    container({ state: { waiting: { reason: 'CreateContainerConfigError', message: 'no key k' } } }),
    { reason: 'Waiting', message: 'Container server waits: CreateContainerConfigError: no key k' },
  ],
  [
    'a scheduler that finds no node is quoted',
    { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/4 nodes' }] },
    { reason: 'Unschedulable', message: '0/4 nodes' },
  ],
  ['a ready pod has none', { conditions: [{ type: 'Ready', status: 'True' }] }, undefined],
])('%s', (_title, status, problem) => {
  expect(pod(status).problem).toEqual(problem);
});

test('the gravest problem counts, and none of a pod that is to go', () => {
  const crashing = pod(container({ state: { terminated: ended } }), 'a');
  const pulling = pod(container({ state: { waiting: { reason: 'ErrImagePull', message: 'not found' } } }), 'b');
  expect(gravestProblem([crashing, pulling])?.reason).toBe('ImagePullFailed');
  const going = { ...pulling, metadata: { ...pulling.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  expect(gravestProblem([crashing, going])?.reason).toBe('CrashLooping');
  expect(gravestProblem([])).toBeUndefined();
});

test('a pod that is to go serves no more', () => {
  const ready = pod({ conditions: [{ type: 'Ready', status: 'True' }] });
  const going = { ...ready, metadata: { ...ready.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
  expect(servingPods([ready, going])).toEqual([ready]);
});

test('the last failure is kept when the container is up again, and the latest of all counts', () => {
  const older = pod(container({ ready: true, lastState: { terminated: ended } }), 'a');
  const later = pod(
    container({
      lastState: { terminated: { exitCode: 137, reason: 'OOMKilled', finishedAt: '2026-01-02T00:00:00Z' } },
    }),
    'b',
  );
  expect(latestFailure([older, later])).toEqual({
    pod: 'b',
    container: 'server',
    reason: 'OOMKilled',
    message: '',
    exitCode: 137,
    time: '2026-01-02T00:00:00Z',
  });
});

test('last words are one bounded line', () => {
  const words = pod(container({ state: { terminated: { exitCode: 1, message: 'x\n'.repeat(100_000) } } })).failure;
  expect(words?.message.length).toBeLessThanOrEqual(1024);
  expect(words?.message).not.toContain('\n');
});

test('last words tell no credential', () => {
  const message = '401 from https://me:geheim@models.test: Bearer abcdefgh12345678';
  const { failure, problem } = pod(container({ state: { terminated: { ...ended, message } } }));
  expect(failure?.message).toBe('401 from https://[redacted]@models.test: Bearer [redacted]');
  expect(problem?.message).not.toMatch(/geheim|abcdefgh/);
});
