/**
 * What the cache keeps of a pod, and what pods that are not ready suffer from: an image that cannot be pulled, a
 * container that ends again and again, a scheduler that finds no node. Reads what kubelet and scheduler wrote; must not
 * know what runs in the pods.
 */
import type { Cached } from '#operator/kit/object.ts';
import { cachedMeta } from '#operator/kit/projection.ts';
import type { ContainerStatus, Pod } from '#operator/kit/wire.ts';
import { APPLICATION_LABEL, INSTANCE_LABEL, type Workload } from './labels.ts';
import { printable } from './printable.ts';

interface Terminated {
  readonly reason?: string;
  readonly message?: string;
  readonly exitCode: number;
  readonly finishedAt?: string;
}

type Container = ContainerStatus & { readonly lastState?: { readonly terminated?: Terminated } };

/** The last end of a container with a failure. */
export interface ContainerFailure {
  readonly container: string;
  readonly reason: string;
  readonly message: string;
  readonly exitCode: number;
  /** RFC 3339, '' where the kubelet did not say. */
  readonly time: string;
}

export type PodProblem = {
  readonly reason: 'ImagePullFailed' | 'CrashLooping' | 'Unschedulable' | 'Waiting';
  readonly message: string;
};

export interface CachedPod extends Cached {
  readonly ready: boolean;
  readonly problem?: PodProblem;
  readonly failure?: ContainerFailure;
}

/** Judged once, as the object comes in, so that the cache holds verdicts and not statuses. */
export function projectPod(pod: Pod): CachedPod {
  const containers: readonly Container[] = pod.status?.containerStatuses ?? [];
  const ready = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  const problem = ready ? undefined : problemOf(pod, containers);
  const failure = containers.map(failureOf).find((found) => found !== undefined);
  return {
    metadata: cachedMeta(pod),
    ready,
    ...(problem === undefined ? {} : { problem }),
    ...(failure === undefined ? {} : { failure }),
  };
}

/** The index by which the pods of a workload are found. */
export const WORKLOAD_INDEX = 'workload';

export const workloadKey = (namespace: string, { application, instance }: Workload): string =>
  `${namespace}/${application}/${instance}`;

export function workloadOf({ metadata }: Cached): readonly string[] {
  const { [APPLICATION_LABEL]: application, [INSTANCE_LABEL]: instance } = metadata.labels;
  return application === undefined || instance === undefined
    ? []
    : [`${metadata.namespace}/${application}/${instance}`];
}

/** Pods that are not about to go. */
export const stayingPods = (pods: readonly CachedPod[]): readonly CachedPod[] =>
  pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);

/** Pods that answer: ready and not about to go. */
export const servingPods = (pods: readonly CachedPod[]): readonly CachedPod[] =>
  stayingPods(pods).filter(({ ready }) => ready);

/** What these pods run; the Deployment controller labels those of each revision with the hash of their template. */
export const revisionsOf = (pods: readonly CachedPod[]): readonly string[] =>
  [...new Set(pods.map(({ metadata }) => metadata.labels['pod-template-hash'] ?? metadata.uid))].sort();

const SEVERITY = ['ImagePullFailed', 'CrashLooping', 'Unschedulable', 'Waiting'] as const;

/** The gravest problem among pods that are to stay; of several alike that of the newest pod. */
export function gravestProblem(pods: readonly CachedPod[]): PodProblem | undefined {
  const staying = stayingPods(pods).toSorted((a, b) =>
    b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp),
  );
  for (const reason of SEVERITY) {
    const found = staying.find(({ problem }) => problem?.reason === reason);
    if (found?.problem !== undefined) return found.problem;
  }
  return undefined;
}

/** The latest failure among all pods, with the pod's name. */
export function latestFailure(pods: readonly CachedPod[]): (ContainerFailure & { readonly pod: string }) | undefined {
  return pods
    .flatMap(({ failure, metadata }) => (failure === undefined ? [] : [{ ...failure, pod: metadata.name }]))
    .toSorted((a, b) => b.time.localeCompare(a.time))[0];
}

/** The kubelet's words for an image that cannot be had (pkg/kubelet/images/types.go). */
const PULL_REASONS = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);
/** Everyday steps of a start. */
const USUAL_REASONS = new Set(['ContainerCreating', 'PodInitializing']);

function problemOf(pod: Pod, containers: readonly Container[]): PodProblem | undefined {
  for (const container of containers) {
    const problem = containerProblem(container);
    if (problem !== undefined) return problem;
  }
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') {
    return { reason: 'Unschedulable', message: printable(scheduled.message ?? 'No node takes the pod.') };
  }
  return undefined;
}

function containerProblem(container: Container): PodProblem | undefined {
  const { reason, message = '' } = container.state?.waiting ?? {};
  if (reason !== undefined && PULL_REASONS.has(reason)) {
    // "Back-off" and the real error take turns; without the former the sentence stays the same.
    const cause = message.replace(/^Back-off pulling image "[^"]*"(: ErrImagePull: )?/, '');
    return {
      reason: 'ImagePullFailed',
      message: printable(cause === '' ? `The image cannot be pulled (${reason}).` : cause),
    };
  }
  const failure = failureOf(container);
  if (failure !== undefined && !container.ready) {
    const words = failure.message === '' ? '' : `: ${failure.message}`;
    const text = `Container ${container.name} ended with exit code ${failure.exitCode} (${failure.reason})${words}`;
    return { reason: 'CrashLooping', message: printable(text) };
  }
  if (reason === undefined || USUAL_REASONS.has(reason)) return undefined;
  return { reason: 'Waiting', message: printable(`Container ${container.name} waits: ${reason}: ${message}`) };
}

function failureOf(container: Container): ContainerFailure | undefined {
  const ended: Terminated | undefined = container.state?.terminated ?? container.lastState?.terminated;
  if (ended === undefined || ended.exitCode === 0) return undefined;
  return {
    container: container.name,
    reason: ended.reason ?? 'Error',
    message: printable(ended.message ?? ''),
    exitCode: ended.exitCode,
    time: ended.finishedAt ?? '',
  };
}
