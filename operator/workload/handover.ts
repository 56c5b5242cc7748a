/**
 * Gives the number of pods out of our hands when an autoscaler takes over. Server-side apply removes a field that its
 * only owner leaves out, and the API server would then set it to 1; so a second field manager takes the present number
 * first, and the autoscaler scales on from there.
 */
import type { Client, RequestOptions } from '#operator/kit/client.ts';
import { apiVersionOf } from '#operator/kit/object.ts';
import { deployments } from '#operator/kit/resources.ts';
import type { CachedDeployment } from './deployment.ts';

/** Name of the second field manager. */
export const HANDOVER_MANAGER = 'mcp-fleet-handover';

/**
 * To be called before an intent without spec.replicas is applied; does nothing where the number is not ours. `client`
 * writes as the second field manager. Fewer than `atLeast` pods become `atLeast`: no autoscaler wakes up from zero.
 * Rejects with a conflict when the Deployment has changed since it was cached: somebody may have scaled it.
 */
export async function handOverReplicas(
  client: Pick<Client, 'apply'>,
  deployment: CachedDeployment | undefined,
  atLeast: number,
  options: RequestOptions,
): Promise<void> {
  if (deployment === undefined || !deployment.ownsReplicas) return;
  const { namespace, name, uid, resourceVersion } = deployment.metadata;
  const intent = {
    apiVersion: apiVersionOf(deployments),
    kind: deployments.kind,
    metadata: { namespace, name, uid, resourceVersion },
    spec: { replicas: Math.max(deployment.replicas, atLeast) },
  };
  await client.apply(deployments, intent, options);
}
