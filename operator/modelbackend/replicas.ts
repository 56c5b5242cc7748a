/**
 * How many pods an engine wants and who says so. Where an autoscaler does, the number is never in our intent.
 */
import type { DeploymentState } from '#operator/workload/deployment.ts';
import type { Managed } from './engines/engine.ts';

type Scaled = Pick<Managed, 'replicas' | 'autoscaling'>;

/** Number to write into the Deployment; undefined where the autoscaler owns it. */
export const ownReplicas = ({ replicas, autoscaling }: Scaled): number | undefined =>
  autoscaling === undefined ? (replicas ?? 1) : undefined;

/** Pods that ought to serve now. */
export const wantedPods = (managed: Scaled, deployment: DeploymentState | undefined): number =>
  ownReplicas(managed) ?? deployment?.replicas ?? managed.autoscaling?.minReplicas ?? 1;

/** Whether more than one pod can exist for longer than a rollout. */
export const canHaveSeveralPods = ({ replicas, autoscaling }: Scaled): boolean =>
  (autoscaling?.maxReplicas ?? replicas ?? 1) > 1;
