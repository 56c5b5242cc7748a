/**
 * The HorizontalPodAutoscaler of a workload's Deployment. Must not know what the pods do; the Deployment's intent
 * leaves `spec.replicas` out where one exists.
 */
import type { McpServerSpec } from '#crds/mcpserver-status.ts';
import { apiVersionOf, type ObjectMeta } from '#operator/kit/object.ts';
import { deployments, horizontalPodAutoscalers } from '#operator/kit/resources.ts';
import type { HorizontalPodAutoscaler } from '#operator/kit/wire.ts';

export type Autoscaling = NonNullable<McpServerSpec['autoscaling']>;

/** Scales the Deployment of the same name. */
export function horizontalPodAutoscaler(metadata: ObjectMeta, autoscaling: Autoscaling): HorizontalPodAutoscaler {
  const { minReplicas, maxReplicas, cpu, memory, behavior } = autoscaling;
  const utilization = (name: string, percent: number) => ({
    type: 'Resource',
    resource: { name, target: { type: 'Utilization', averageUtilization: percent } },
  });
  return {
    apiVersion: apiVersionOf(horizontalPodAutoscalers),
    kind: horizontalPodAutoscalers.kind,
    metadata,
    spec: {
      scaleTargetRef: { apiVersion: apiVersionOf(deployments), kind: deployments.kind, name: metadata.name },
      minReplicas,
      maxReplicas,
      metrics: [utilization('cpu', cpu), ...(memory === undefined ? [] : [utilization('memory', memory)])],
      ...(behavior === undefined ? {} : { behavior }),
    },
  };
}
