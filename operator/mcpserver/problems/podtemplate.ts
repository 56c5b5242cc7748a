/**
 * Additions to the pods that would take the place of what the operator sets itself: its labels, annotations and
 * variables. They are refused by name instead of being dropped in silence.
 */
import { GROUP } from '#crds/group.ts';
import type { McpServerSpec } from '#crds/mcpserver-status.ts';
import { isOwnLabel } from '#operator/workload/labels.ts';
import type { Problem } from '#operator/workload/problem.ts';
import { isOwnVariable } from '../resources/pod.ts';

export function podTemplateProblems({ podTemplate = {} }: McpServerSpec): readonly Problem[] {
  const labels = Object.keys(podTemplate.labels ?? {}).filter(isOwnLabel);
  const annotations = Object.keys(podTemplate.annotations ?? {}).filter((name) => name.startsWith(`${GROUP}/`));
  const variables = (podTemplate.env ?? []).map(({ name }) => name).filter(isOwnVariable);
  return [
    ...labels.map((name) => `spec.podTemplate.labels[${name}]`),
    ...annotations.map((name) => `spec.podTemplate.annotations[${name}]`),
    ...variables.map((name) => `spec.podTemplate.env[${name}]`),
  ].map((field) => ({
    reason: 'UnsupportedCombination',
    message: `${field} is set by the operator; remove it.`,
    blocking: true,
  }));
}
