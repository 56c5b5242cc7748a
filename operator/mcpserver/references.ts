/**
 * The Secrets and ConfigMaps that an McpServer's spec names, each with the field that names it. One list for the index
 * that wakes the controller, for the check that they exist, and for the hash that rolls the pods.
 */
import type { McpServerSpec } from '#crds/mcpserver-status.ts';
import type { Reference, Resolved } from '#operator/workload/references.ts';

export type ResolvedReference = Resolved<Reference>;

/** Pods read all of these at their start. Credentials of ModelBackends are read live, so they are not among them. */
export function references({ storage, podTemplate }: McpServerSpec): readonly Reference[] {
  const found: Reference[] = [];
  if (storage.postgres !== undefined) {
    found.push({ kind: 'Secret', ...storage.postgres.urlSecretRef, field: 'spec.storage.postgres.urlSecretRef' });
  }
  for (const { name, secretKeyRef } of podTemplate?.env ?? []) {
    if (secretKeyRef === undefined) continue;
    found.push({ kind: 'Secret', ...secretKeyRef, field: `spec.podTemplate.env[${name}].secretKeyRef` });
  }
  for (const [i, { secretRef, configMapRef }] of (podTemplate?.envFrom ?? []).entries()) {
    const at = `spec.podTemplate.envFrom[${i}]`;
    if (secretRef !== undefined) found.push({ kind: 'Secret', name: secretRef.name, field: `${at}.secretRef` });
    if (configMapRef !== undefined)
      found.push({ kind: 'ConfigMap', name: configMapRef.name, field: `${at}.configMapRef` });
  }
  return found;
}
