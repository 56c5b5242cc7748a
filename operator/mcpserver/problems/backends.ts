/**
 * ModelBackends that are named and do not exist, and routes to backends that the server may not use. The server runs
 * without them: its tools answer as well as they can.
 */
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import type { Problem } from '#operator/workload/problem.ts';
import type { UsedBackend } from '../backends.ts';

export function backendProblems(
  { spec, metadata }: CachedMcpServer,
  backends: readonly UsedBackend[],
): readonly Problem[] {
  const missing = backends
    .filter(({ object }) => object === undefined)
    .map(({ name }) => `spec.backends.names: ModelBackend ${metadata.namespace}/${name} does not exist; create it.`);
  return [...missing, ...strayTargets(spec)].map((message) => ({
    reason: 'InvalidReference',
    message,
    blocking: false,
  }));
}

/** A selector may match later; a list of names says by itself what can never be reached. */
function strayTargets({ backends, inference }: CachedMcpServer['spec']): readonly string[] {
  if (backends !== undefined && backends.names === undefined) return [];
  const allowed = backends?.names ?? [];
  const cure = backends === undefined ? 'set spec.backends' : 'add it to spec.backends.names';
  return (inference?.routes ?? []).flatMap(({ name, targets }) =>
    targets
      .filter(({ backend }) => !allowed.includes(backend))
      .map(
        ({ backend }) =>
          `spec.inference.routes[${name}].targets: the server may not use the ModelBackend ${backend}; ${cure}.`,
      ),
  );
}
