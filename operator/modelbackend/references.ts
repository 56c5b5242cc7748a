/**
 * The objects that a ModelBackend's spec names, each with the field that names it. One list for what wakes the
 * controller, for the check that they exist, and for the hash that replaces the pods.
 */
import type { ModelBackendSpec } from '#crds/modelbackend-status.ts';
import type { Reference as AnyReference, Resolved } from '#operator/workload/references.ts';

export interface Reference extends AnyReference {
  readonly kind: 'Secret' | 'PersistentVolumeClaim';
  /** Whether an engine that runs has to be started anew when it changes. */
  readonly readAtStart: boolean;
}

export type ResolvedReference = Resolved<Reference>;

export function references({ auth, managed }: ModelBackendSpec): readonly Reference[] {
  const { source, env = [] } = managed ?? {};
  const found: Reference[] = [];
  if (auth.secretRef !== undefined) {
    // Requests carry the credential of the moment; a managed engine knows the one of its start.
    const readAtStart = managed !== undefined;
    found.push({ kind: 'Secret', ...auth.secretRef, field: 'spec.auth.secretRef', readAtStart });
  }
  if (source?.credentialsSecretRef !== undefined) {
    // What is downloaded stays downloaded.
    const field = 'spec.managed.source.credentialsSecretRef';
    found.push({ kind: 'Secret', ...source.credentialsSecretRef, field, readAtStart: false });
  }
  for (const { name, secretKeyRef } of env) {
    if (secretKeyRef === undefined) continue;
    const field = `spec.managed.env[${name}].secretKeyRef`;
    found.push({ kind: 'Secret', ...secretKeyRef, field, readAtStart: true });
  }
  const claim = source?.persistentVolumeClaim?.claimName;
  if (claim !== undefined) {
    const field = 'spec.managed.source.persistentVolumeClaim.claimName';
    found.push({ kind: 'PersistentVolumeClaim', name: claim, field, readAtStart: false });
  }
  return found;
}
