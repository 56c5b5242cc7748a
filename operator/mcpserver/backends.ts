/**
 * Which ModelBackends an McpServer may use, and what of them can be routed to. Pure; a backend that is named and does
 * not exist is in the list too, because somebody counts on it.
 */
import type { McpServerSpec, McpServerStatus } from '#crds/mcpserver-status.ts';
import { findCondition } from '#operator/kit/conditions.ts';
import type { CachedModelBackend } from '#operator/workload/customresources.ts';

type BackendState = NonNullable<McpServerStatus['backends']>[number];

export interface UsedBackend {
  readonly name: string;
  /** Undefined where no ModelBackend has the name. */
  readonly object?: CachedModelBackend;
}

/** Length of status.backends. */
const MAX_BACKENDS = 64;

/** Whether the server may use a backend of its namespace with these labels. */
export function mayUse({ backends }: McpServerSpec, { metadata }: Pick<CachedModelBackend, 'metadata'>): boolean {
  if (backends === undefined) return false;
  if (backends.names !== undefined) return backends.names.includes(metadata.name);
  const wanted = Object.entries(backends.selector?.matchLabels ?? {});
  return wanted.every(([label, value]) => metadata.labels[label] === value);
}

/** In the order of their names. `inNamespace` are all ModelBackends of the server's namespace. */
export function usedBackends(spec: McpServerSpec, inNamespace: Iterable<CachedModelBackend>): readonly UsedBackend[] {
  if (spec.backends === undefined) return [];
  const found = [...inNamespace].filter((backend) => mayUse(spec, backend));
  const names = new Set([...found.map(({ metadata }) => metadata.name), ...(spec.backends.names ?? [])]);
  return [...names]
    .sort()
    .slice(0, MAX_BACKENDS)
    .map((name) => {
      const object = found.find(({ metadata }) => metadata.name === name);
      return object === undefined ? { name } : { name, object };
    });
}

/** What a server may do with the backend, as it stands in the status. */
export function backendState({ name, object }: UsedBackend): BackendState {
  if (object === undefined) return { name, ready: false, reason: 'NotFound', models: [] };
  const ready = findCondition(object.status?.conditions, 'Ready');
  const models = (object.status?.models ?? []).filter(({ state }) => state === 'Loaded').map((model) => model.name);
  return { name, ready: ready?.status === 'True', reason: ready?.reason ?? 'Pending', models: models.sort() };
}

/** A credential that pods get as a file, by backend. */
export interface Credential {
  readonly backend: string;
  readonly secret: { readonly name: string; readonly key: string };
}

export function credentials(backends: readonly UsedBackend[]): readonly Credential[] {
  return backends.flatMap(({ name, object }) => {
    const secret = object?.spec.auth.secretRef;
    return secret === undefined ? [] : [{ backend: name, secret }];
  });
}
