/**
 * When the number of an McpServer's pods passes to its autoscaler, and in whose name.
 */
import type { Client, RequestOptions } from '#operator/kit/client.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import type { CachedDeployment } from '#operator/workload/deployment.ts';
import { handOverReplicas } from '#operator/workload/handover.ts';
import { ownReplicas } from './replicas.ts';

/** Name of the second field manager. */
export const HANDOVER_MANAGER = 'mcp-fleet-handover';

export async function handOver(
  client: Pick<Client, 'apply'>,
  { spec }: CachedMcpServer,
  deployment: CachedDeployment | undefined,
  options: RequestOptions,
): Promise<void> {
  if (ownReplicas(spec) !== undefined) return;
  await handOverReplicas(client, deployment, spec.autoscaling?.minReplicas ?? 1, options);
}
