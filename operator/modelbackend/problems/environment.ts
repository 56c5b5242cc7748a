/**
 * Variables that would take the place of what the operator sets itself. A container's list cannot hold a name twice,
 * so they are refused by name instead of being dropped in silence.
 */
import type { ModelBackendSpec } from '#crds/modelbackend-status.ts';
import type { Problem } from '#operator/workload/problem.ts';
import { launch } from '../engines/registry.ts';
import { ownVariables } from '../resources/pod.ts';

export function environmentProblems({ managed, ...spec }: ModelBackendSpec): readonly Problem[] {
  if (managed === undefined) return [];
  const own = ownVariables(launch({ ...spec, managed })).map(({ name }) => name);
  return (managed.env ?? [])
    .filter(({ name }) => own.includes(name))
    .map(({ name }) => ({
      reason: 'UnsupportedCombination',
      message: `spec.managed.env[${name}] is set by the operator; remove it.`,
      blocking: true,
    }));
}
