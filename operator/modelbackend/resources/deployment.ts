/**
 * The Deployment of an engine: how many pods, and how they are replaced.
 */
import { seconds } from '#crds/duration.ts';
import { apiVersionOf, type ObjectMeta } from '#operator/kit/object.ts';
import { deployments } from '#operator/kit/resources.ts';
import type { Deployment } from '#operator/kit/wire.ts';
import { selectorLabels } from '#operator/workload/labels.ts';
import type { Managed } from '../engines/engine.ts';
import { ownReplicas } from '../replicas.ts';
import { type PodInputs, podTemplate } from './pod.ts';

/** Old ReplicaSets that are kept for `kubectl rollout undo`. */
const REVISIONS = 3;
/** A node may have to be added and an image of many gigabytes pulled before an engine begins to load its model. */
const BEFORE_START_SECONDS = 600;

export function deployment(metadata: ObjectMeta, inputs: PodInputs): Deployment {
  const { managed, workload } = inputs;
  const replicas = ownReplicas(managed);
  return {
    apiVersion: apiVersionOf(deployments),
    kind: deployments.kind,
    metadata,
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      revisionHistoryLimit: REVISIONS,
      progressDeadlineSeconds: BEFORE_START_SECONDS + seconds(managed.startupTimeout),
      selector: { matchLabels: selectorLabels(workload) },
      strategy: { type: 'RollingUpdate', rollingUpdate: rollingUpdate(managed) },
      template: podTemplate(inputs),
    },
  };
}

/** A cache that one pod can have is free for the next only when that pod is gone. */
function rollingUpdate({ cache, rollout }: Managed) {
  const maxSurge = rollout.maxSurge ?? (cache?.accessMode === 'ReadWriteOnce' ? 0 : 1);
  const maxUnavailable = rollout.maxUnavailable ?? (['0', '0%'].includes(String(maxSurge)) ? 1 : 0);
  return { maxSurge, maxUnavailable };
}
