/**
 * Gives the number of pods out of our hands when an autoscaler takes over. Server-side apply removes a field that its
 * only owner leaves out, and the API server would then set it to 1; so a second field manager takes the present number
 * first, and the autoscaler scales on from there.
 */
import type { Client, RequestOptions } from '#operator/kit/client.ts';
import { apiVersionOf } from '#operator/kit/object.ts';
import { deployments } from '#operator/kit/resources.ts';
import type { CachedModelBackend } from '#operator/workload/customresources.ts';
import type { CachedDeployment } from '#operator/workload/deployment.ts';
import { ownReplicas } from './replicas.ts';

/**
 * Does nothing where the number is not ours, or stays ours. `client` writes as the second field manager. Rejects with a
 * conflict when the Deployment has changed since it was cached: somebody may have scaled it.
 */
export async function handOverReplicas(
  client: Pick<Client, 'apply'>,
  { spec: { managed } }: CachedModelBackend,
  deployment: CachedDeployment | undefined,
  options: RequestOptions,
): Promise<void> {
  if (managed === undefined || deployment === undefined) return;
  if (!deployment.ownsReplicas || ownReplicas(managed) !== undefined) return;
  const { namespace, name, uid, resourceVersion } = deployment.metadata;
  // From zero no autoscaler would wake up.
  const replicas = Math.max(deployment.replicas, managed.autoscaling?.minReplicas ?? 1);
  const intent = {
    apiVersion: apiVersionOf(deployments),
    kind: deployments.kind,
    metadata: { namespace, name, uid, resourceVersion },
    spec: { replicas },
  };
  await client.apply(deployments, intent, options);
}
