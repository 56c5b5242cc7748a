import { expect, test } from 'vitest';
import { availability, progress, shortage } from './availability.ts';
import type { DeploymentState } from './deployment.ts';
import { type CachedPod, projectPod } from './pods.ts';

const pod = (name: string, status: object): CachedPod => {
  const metadata = { name, namespace: 'a', uid: name, resourceVersion: '1' };
  return projectPod({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [] }, status });
};
const ready = (name: string) => pod(name, { conditions: [{ type: 'Ready', status: 'True' }] });
const unready = (name: string) => pod(name, { conditions: [{ type: 'Ready', status: 'False' }] });
const pending = (name: string) =>
  pod(name, { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes' }] });

const settled: DeploymentState = {
  replicas: 2,
  ownsReplicas: true,
  pristine: false,
  observed: true,
  total: 2,
  updated: 2,
  progress: 'NewReplicaSetAvailable',
};

test.each<[string, CachedPod[], number, string, string]>([
  ['nothing there', [], 1, 'False/NoReadyPods', 'No pod is ready yet.'],
  ['nothing asked for', [], 0, 'False/NoReadyPods', 'No pods are asked for.'],
  ['not ready', [unready('a')], 1, 'False/NoReadyPods', 'No pod is ready yet.'],
  ['no node', [pending('a')], 1, 'False/Unschedulable', '0/1 nodes'],
  ['some serve', [ready('a'), pending('b')], 2, 'True/MinimumReplicasAvailable', '1 of 2 pods are ready.'],
])('available: %s', (_title, pods, wanted, verdict, message) => {
  const said = availability({ deployment: settled, pods, wanted });
  expect([`${said.status}/${said.reason}`, said.message]).toEqual([verdict, message]);
});

test.each<[string, Partial<DeploymentState> | undefined, string]>([
  ['no Deployment yet', undefined, 'True/RollingOut'],
  ['a change not taken up yet', { observed: false }, 'True/RollingOut'],
  ['old pods left', { total: 3 }, 'True/RollingOut'],
  ['new pods missing', { total: 1, updated: 1 }, 'True/RollingOut'],
  ['new pods that do not serve yet', { progress: 'ReplicaSetUpdated' }, 'True/RollingOut'],
  ['done', {}, 'False/Complete'],
  ['the deadline has passed', { progress: 'ProgressDeadlineExceeded', updated: 1 }, 'False/DeadlineExceeded'],
])('progress: %s', (_title, change, verdict) => {
  const deployment = change === undefined ? undefined : { ...settled, ...change };
  const said = progress({ deployment, pods: [], wanted: 2 });
  expect(`${said.status}/${said.reason}`).toBe(verdict);
});

test('a rollout is complete when its pods serve, before their Deployment has heard of it', () => {
  const deployment = { ...settled, progress: 'ReplicaSetUpdated' };
  expect(progress({ deployment, pods: [ready('a'), ready('b')], wanted: 2 }).reason).toBe('Complete');
  expect(progress({ deployment, pods: [ready('a'), unready('b')], wanted: 2 }).reason).toBe('RollingOut');
});

test('the first rollout is complete when its pods serve, even if their Deployment has counted none yet', () => {
  const deployment = { ...settled, pristine: true, observed: false, total: 0, updated: 0, progress: '' };
  expect(progress({ deployment, pods: [ready('a'), ready('b')], wanted: 2 }).reason).toBe('Complete');
  expect(progress({ deployment, pods: [ready('a')], wanted: 2 }).reason).toBe('RollingOut');
  expect(
    progress({ deployment: { ...deployment, pristine: false }, pods: [ready('a'), ready('b')], wanted: 2 }).reason,
  ).toBe('RollingOut');
});

test.each<[string, CachedPod[], Partial<DeploymentState>, string | undefined]>([
  ['all there', [ready('a'), ready('b')], {}, undefined],
  ['one missing', [ready('a'), unready('b')], {}, 'ReplicasUnavailable'],
  ['one missing in a rollout', [ready('a')], { updated: 1 }, undefined],
  ['nothing serves', [unready('a')], {}, undefined],
  ['a rollout that failed', [ready('a')], { progress: 'ProgressDeadlineExceeded' }, 'PreviousRevisionServing'],
])('shortage: %s', (_title, pods, change, reason) => {
  expect(shortage({ deployment: { ...settled, ...change }, pods, wanted: 2 })?.reason).toBe(reason);
});
