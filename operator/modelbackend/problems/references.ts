/**
 * Secrets and claims that are named and not there, or lack the key. Without them no pod starts and no request is
 * authenticated, so the last state that worked is kept until they come.
 */
import type { CachedModelBackend } from '#operator/workload/customresources.ts';
import type { ResolvedReference } from '../references.ts';
import type { Problem } from './problem.ts';

export function referenceProblems(
  { metadata }: Pick<CachedModelBackend, 'metadata'>,
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
      return { reason: kind === 'Secret' ? 'SecretNotFound' : 'InvalidReference', message };
    });
}
