/**
 * From a Deployment and its pods to what a person wants to know: does anything serve, is a rollout under way, is less
 * there than asked for. Pods are judged themselves, because their Deployment hears of them later. Pure.
 */
import type { DeploymentState } from './deployment.ts';
import { type CachedPod, gravestProblem, servingPods } from './pods.ts';
import { fails, holds, type Verdict } from './verdict.ts';

export interface WorkloadState {
  readonly deployment: DeploymentState | undefined;
  readonly pods: readonly CachedPod[];
  /** Pods that ought to serve. */
  readonly wanted: number;
}

type Unavailable = 'NoReadyPods' | 'CrashLooping' | 'ImagePullFailed' | 'Unschedulable';

/** Something serves as soon as one pod does; fewer than wanted is for `shortage` to say. */
export function availability({ pods, wanted }: WorkloadState): Verdict<'MinimumReplicasAvailable' | Unavailable> {
  const ready = servingPods(pods).length;
  if (ready > 0) return holds('MinimumReplicasAvailable', `${ready} of ${wanted} pods are ready.`);
  const problem = gravestProblem(pods);
  if (problem === undefined) {
    return fails('NoReadyPods', wanted === 0 ? 'No pods are asked for.' : 'No pod is ready yet.');
  }
  return fails(problem.reason === 'Waiting' ? 'NoReadyPods' : problem.reason, problem.message);
}

/** The Deployment's own deadline decides when a rollout has failed; of its first one the pods tell more and earlier. */
export function progress({ deployment, pods }: WorkloadState): Verdict<'RollingOut' | 'Complete' | 'DeadlineExceeded'> {
  const complete = fails('Complete', 'All pods are of the present revision.');
  const serving = servingPods(pods).length;
  if (deployment?.pristine && serving >= deployment.replicas) return complete;
  if (deployment === undefined || !deployment.observed) return holds('RollingOut', 'The Deployment is being changed.');
  if (deployment.progress === 'ProgressDeadlineExceeded') {
    const cause = gravestProblem(pods)?.message ?? 'The new pods did not become ready in time.';
    return fails('DeadlineExceeded', `The rollout does not end. ${cause}`);
  }
  if (isRolledOut(deployment, serving)) return complete;
  return holds('RollingOut', 'Pods are being started or replaced.');
}

/** Complete once is complete for good: a pod that turns unready later is no rollout. */
function isRolledOut({ replicas, total, updated, progress }: DeploymentState, serving: number): boolean {
  const replaced = updated === total && updated === replicas;
  return replaced && (serving >= replicas || progress === 'NewReplicaSetAvailable');
}

/** What is missing while something serves; undefined when nothing is. */
export function shortage(state: WorkloadState): Verdict<'ReplicasUnavailable' | 'PreviousRevisionServing'> | undefined {
  const ready = servingPods(state.pods).length;
  if (ready === 0) return undefined;
  const { reason, message } = progress(state);
  if (reason === 'DeadlineExceeded') return holds('PreviousRevisionServing', message);
  if (ready >= state.wanted || reason === 'RollingOut') return undefined;
  const cause = gravestProblem(state.pods)?.message;
  const missing = `${state.wanted - ready} of ${state.wanted} pods are not ready.`;
  return holds('ReplicasUnavailable', cause === undefined ? missing : `${missing} ${cause}`);
}
