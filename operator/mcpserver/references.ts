/**
 * The Secrets, ConfigMaps and claims that an McpServer's spec names, each with the field that names it. One list for the index
 * that wakes the controller, for the check that they exist, and for the hash that rolls the pods.
 */
import type { McpServerSpec } from '#crds/mcpserver-status.ts';
import type { Reference, Resolved } from '#operator/workload/references.ts';

export type ResolvedReference = Resolved<Reference>;

/** Pods read all of these at their start. Credentials of ModelBackends are read live, so they are not among them. */
export function references({ storage, redis, auth, skills, podTemplate }: McpServerSpec): readonly Reference[] {
  const found: Reference[] = [];
  if (storage.postgres !== undefined) {
    found.push({ kind: 'Secret', ...storage.postgres.urlSecretRef, field: 'spec.storage.postgres.urlSecretRef' });
  }
  if (redis !== undefined) found.push({ kind: 'Secret', ...redis.urlSecretRef, field: 'spec.redis.urlSecretRef' });
  if (auth.builtIn !== undefined) {
    const { signingKeySecretRef, bootstrapAdminSecretRef } = auth.builtIn;
    const at = 'spec.auth.builtIn';
    found.push({ kind: 'Secret', ...signingKeySecretRef, field: `${at}.signingKeySecretRef` });
    found.push({ kind: 'Secret', ...bootstrapAdminSecretRef, field: `${at}.bootstrapAdminSecretRef` });
  }
  for (const { name, configMap, persistentVolumeClaim } of skills ?? []) {
    const at = `spec.skills[${name}]`;
    if (configMap !== undefined) found.push({ kind: 'ConfigMap', name: configMap.name, field: `${at}.configMap` });
    if (persistentVolumeClaim !== undefined) {
      const { name } = persistentVolumeClaim;
      found.push({ kind: 'PersistentVolumeClaim', name, field: `${at}.persistentVolumeClaim` });
    }
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
