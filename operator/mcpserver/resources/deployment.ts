/**
 * The Deployment of a server's pods: how many, and how they are replaced.
 */
import { apiVersionOf } from '#operator/kit/object.ts';
import { deployments } from '#operator/kit/resources.ts';
import type { Deployment } from '#operator/kit/wire.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import { selectorLabels } from '#operator/workload/labels.ts';
import { childMetadata, workloadOf } from '../names.ts';
import { hasVolume, ownReplicas } from '../replicas.ts';
import { type PodInputs, podTemplate } from './pod.ts';

/** Old ReplicaSets that are kept for `kubectl rollout undo`. */
const REVISIONS = 3;
/** A node may have to be added and an image pulled; after that a rollout counts as failed. */
const PROGRESS_DEADLINE_SECONDS = 600;

export function deployment(server: CachedMcpServer, inputs: PodInputs): Deployment {
  const replicas = ownReplicas(server.spec);
  return {
    apiVersion: apiVersionOf(deployments),
    kind: deployments.kind,
    metadata: childMetadata(server),
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      revisionHistoryLimit: REVISIONS,
      progressDeadlineSeconds: PROGRESS_DEADLINE_SECONDS,
      selector: { matchLabels: selectorLabels(workloadOf(server)) },
      strategy: strategy(server.spec),
      template: podTemplate(server, inputs),
    },
  };
}

/**
 * SQLite on a volume bears one process. Only Recreate waits until the old pod has ended: a rolling update with
 * maxUnavailable 1 starts the new pod while the old one still drains, since terminating pods do not count.
 */
function strategy(spec: CachedMcpServer['spec']): NonNullable<Deployment['spec']['strategy']> {
  if (hasVolume(spec)) return { type: 'Recreate' };
  const { maxSurge } = spec.rollout;
  // The API server refuses two zeros; who allows no extra pod must bear that one is missing.
  const maxUnavailable = Number.parseInt(String(maxSurge), 10) === 0 ? 1 : 0;
  return { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } };
}
