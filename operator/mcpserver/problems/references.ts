/**
 * Secrets and ConfigMaps that are named and not there, or lack the key. Without them pods could not start, so the last
 * state that worked is kept until they come.
 */
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import type { ResolvedReference } from '../references.ts';
import type { Problem } from './problem.ts';

export function referenceProblems(
  { spec, metadata }: CachedMcpServer,
  references: readonly ResolvedReference[],
): readonly Problem[] {
  return references
    .filter(({ state }) => state !== 'Found')
    .map(({ kind, name, key, field, state }) => {
      const object = `${kind} ${metadata.namespace}/${name}`;
      const message =
        state === 'KeyMissing'
          ? `${field}: ${object} has no key ${key ?? ''}; add it or name another.`
          : `${field}: ${object} does not exist; create it${key === undefined ? '' : ` with the key ${key}`}.`;
      const reason = kind === 'Secret' ? 'SecretNotFound' : 'InvalidReference';
      // No pod starts while suspended, so nothing keeps the server from being stopped.
      return { reason, message, blocking: !spec.suspended };
    });
}
