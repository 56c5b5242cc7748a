/**
 * What is wrong with a spec that the schema cannot see: references to what does not
 * exist, names that are taken. Each is a sentence that names the field and the cure.
 */
import type { MODEL_BACKEND_REASONS } from '#crds/modelbackend-status.ts';
import type { SecretKey } from '#crds/parts.ts';
import { controllerOf } from '#operator/kit/object.ts';
import type { CachedModelBackend } from '#operator/workload/customresources.ts';
import type { Caches } from './observe.ts';

export interface Problem {
  readonly reason: Exclude<(typeof MODEL_BACKEND_REASONS)['Accepted'][number], 'Accepted'>;
  readonly message: string;
}

/** An object of the same namespace that a field names; `key` for a Secret. */
export interface Reference {
  readonly field: string;
  readonly name: string;
  readonly key?: string;
}

/** Everything that the spec names: what is missing is waited for. */
export function references({ auth, managed }: CachedModelBackend['spec']): readonly Reference[] {
  const secret = (field: string, reference: SecretKey | undefined): readonly Reference[] =>
    reference === undefined ? [] : [{ field, ...reference }];
  const claim = managed?.source?.persistentVolumeClaim?.claimName;
  return [
    ...secret('spec.auth.secretRef', auth.secretRef),
    ...secret('spec.managed.source.credentialsSecretRef', managed?.source?.credentialsSecretRef),
    ...(managed?.env ?? []).flatMap(({ name, secretKeyRef }) =>
      secret(`spec.managed.env[${name}].secretKeyRef`, secretKeyRef),
    ),
    ...(claim === undefined ? [] : [{ field: 'spec.managed.source.persistentVolumeClaim.claimName', name: claim }]),
  ];
}

export function problemsOf(backend: CachedModelBackend, caches: Caches): readonly Problem[] {
  const { namespace } = backend.metadata;
  return [
    ...references(backend.spec).flatMap((reference) =>
      reference.key === undefined
        ? missingClaim(namespace, reference, caches)
        : missingKey(namespace, reference, reference.key, caches),
    ),
    ...takenNames(backend, caches),
  ];
}

function missingKey(namespace: string, { field, name }: Reference, key: string, caches: Caches): readonly Problem[] {
  const found = caches.secrets.store.get({ namespace, name });
  if (found === undefined) {
    const message = `${field}: there is no Secret ${name} in namespace ${namespace}; create it with the key ${key}.`;
    return [{ reason: 'SecretNotFound', message }];
  }
  if (found.keys === undefined || found.keys.includes(key)) return [];
  return [{ reason: 'SecretNotFound', message: `${field}: the Secret ${name} has no key ${key}; add it.` }];
}

function missingClaim(namespace: string, { field, name }: Reference, caches: Caches): readonly Problem[] {
  if (caches.persistentVolumeClaims.store.get({ namespace, name }) !== undefined) return [];
  const message = `${field}: there is no claim ${name} in namespace ${namespace}; create it.`;
  return [{ reason: 'InvalidReference', message }];
}

/** Objects under the names of children that somebody else made; they are never taken over. */
function takenNames({ spec, metadata }: CachedModelBackend, caches: Caches): readonly Problem[] {
  if (spec.managed === undefined) return [];
  const taken = [
    caches.deployments,
    caches.services,
    ...(spec.managed.autoscaling === undefined ? [] : [caches.horizontalPodAutoscalers]),
  ].filter(({ store }) => {
    const found = store.get(metadata);
    return found !== undefined && controllerOf(found)?.uid !== metadata.uid;
  });
  return taken.map(({ resource: { kind } }) => ({
    reason: 'NameConflict',
    message: `metadata.name: a ${kind} named ${metadata.name} exists and belongs to somebody else; rename this ModelBackend or delete the ${kind}.`,
  }));
}
