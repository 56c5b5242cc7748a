/**
 * Objects that a spec names: whether they are there, what is said when they are not, and the hash by which pods that
 * read them at their start are replaced. Which fields name objects is for each kind to say.
 */
import { hash } from 'node:crypto';
import { GROUP } from '#crds/group.ts';
import type { CachedSecret } from './informers.ts';
import type { Problem } from './problem.ts';

export interface Reference {
  readonly kind: 'Secret' | 'ConfigMap' | 'PersistentVolumeClaim';
  readonly name: string;
  /** Of a Secret; undefined where all keys are taken. */
  readonly key?: string;
  /** Path of the field. */
  readonly field: string;
}

/** A reference and what the cache holds under its name. */
export type Resolved<R extends Reference> = R & {
  readonly state: 'Found' | 'Missing' | 'KeyMissing';
  /** Changes with the object; '' where it is missing. */
  readonly version: string;
};

/** `object` is what the cache of the reference's kind holds; only of Secrets are the keys known. */
export function resolve<R extends Reference>(
  reference: R,
  object: Pick<CachedSecret, 'metadata' | 'keys'> | undefined,
): Resolved<R> {
  if (object === undefined) return { ...reference, state: 'Missing', version: '' };
  const { key } = reference;
  const lacksKey = key !== undefined && object.keys !== undefined && !object.keys.includes(key);
  const version = `${object.metadata.uid}/${object.metadata.resourceVersion}`;
  return { ...reference, state: lacksKey ? 'KeyMissing' : 'Found', version };
}

/** What is named and not there, or lacks the key; `blocking` where pods cannot start without. */
export function missingReferences(
  namespace: string,
  references: readonly Resolved<Reference>[],
  blocking: boolean,
): readonly Problem[] {
  return references
    .filter(({ state }) => state !== 'Found')
    .map(({ kind, name, key, field, state }) => {
      const object = `${kind} ${namespace}/${name}`;
      const message =
        state === 'KeyMissing'
          ? `${field}: ${object} has no key ${key ?? ''}; add it or name another.`
          : `${field}: ${object} does not exist; create it${key === undefined ? '' : ` with the key ${key}`}.`;
      return { reason: kind === 'Secret' ? 'SecretNotFound' : 'InvalidReference', message, blocking };
    });
}

/** On the pods; they are replaced when it changes. */
export const CONFIG_HASH_ANNOTATION = `${GROUP}/config-hash`;

/**
 * Over what pods read at their start only. Of Secrets the version counts and not the content: a digest of a short
 * secret in an annotation would let readers of Deployments guess it.
 */
export function configHash(references: readonly Resolved<Reference>[], ...content: readonly string[]): string {
  const versions = references.map(({ kind, name, version }) => `${kind}/${name}/${version}`);
  return hash('sha256', [...content, ...versions].join('\n'), 'hex').slice(0, 16);
}
