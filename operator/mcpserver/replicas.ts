/**
 * How many pods an McpServer wants and who says so. Where an autoscaler does, the number is never in our intent.
 */
import { severalPods } from '#crds/scaling.ts';
import { storage } from '#crds/storage.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import type { DeploymentState } from '#operator/workload/deployment.ts';

type Spec = CachedMcpServer['spec'];
type Embedded = NonNullable<Spec['storage']['embedded']>;

/** Number to write into the Deployment; undefined where the autoscaler owns it. */
export function ownReplicas({ suspended, autoscaling, replicas }: Spec): number | undefined {
  if (suspended) return 0;
  return autoscaling === undefined ? (replicas ?? 1) : undefined;
}

/** Pods that ought to serve now. */
export function wantedPods(spec: Spec, deployment: DeploymentState | undefined): number {
  return ownReplicas(spec) ?? deployment?.replicas ?? spec.autoscaling?.minReplicas ?? 1;
}

export const hasAutoscaler = ({ suspended, autoscaling }: Spec): boolean => !suspended && autoscaling !== undefined;

/** Whether more than one pod can exist for longer than a rollout. */
export const canHaveSeveralPods = (spec: Spec): boolean =>
  severalPods(spec) && (spec.autoscaling === undefined || spec.autoscaling.maxReplicas > 1);

const { embedded: DEFAULTS } = storage.parse({ type: 'Embedded', embedded: {} });

/** The settings of embedded storage with their defaults; undefined for another type. */
export const embeddedStorage = ({ storage }: Spec): Embedded | undefined =>
  storage.type === 'Embedded' ? (storage.embedded ?? DEFAULTS) : undefined;

/** Whether the data outlives the pod. */
export function hasVolume(spec: Spec): boolean {
  const embedded = embeddedStorage(spec);
  return embedded !== undefined && !embedded.ephemeral;
}
