/**
 * Environment variables of a custom resource in the form of a container. Values of Secrets stay references.
 */
import type { EnvironmentVariable } from '#crds/parts.ts';
import type { EnvFromSource, EnvVar } from '#operator/kit/wire.ts';

export function environmentVariables(variables: readonly EnvironmentVariable[] = []): readonly EnvVar[] {
  return variables.map(({ name, value, secretKeyRef }) => {
    if (secretKeyRef !== undefined) return { name, valueFrom: { secretKeyRef } };
    return { name, value: value ?? '' };
  });
}

interface Source {
  readonly configMapRef?: { readonly name: string } | undefined;
  readonly secretRef?: { readonly name: string } | undefined;
}

export function environmentSources(sources: readonly Source[] = []): readonly EnvFromSource[] {
  return sources.map(({ configMapRef, secretRef }) => ({
    ...(configMapRef === undefined ? {} : { configMapRef }),
    ...(secretRef === undefined ? {} : { secretRef }),
  }));
}

/** A variable that holds a field of the pod. */
export const podField = (name: string, fieldPath: string): EnvVar => ({
  name,
  valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } },
});
