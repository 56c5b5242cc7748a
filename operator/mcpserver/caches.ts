/**
 * The caches that the McpServer controller reads, their indices, and the kinds of its children. Declares and wires
 * nothing by itself: a manager gives the informers.
 */

import type { Informer } from '#operator/kit/informer.ts';
import type { Manager } from '#operator/kit/manager.ts';
import { formatKey } from '#operator/kit/object.ts';
import { type CachedChild, childProjection, customProjection } from '#operator/kit/projection.ts';
import * as kinds from '#operator/kit/resources.ts';
import type { Ingress } from '#operator/kit/wire.ts';
import { type CachedMcpServer, mcpServers } from '#operator/workload/customresources.ts';
import { NAMESPACE_INDEX, type WorkloadInformers } from '#operator/workload/informers.ts';
import { SUFFIX } from './names.ts';
import { references } from './references.ts';

/** Servers by the Secrets and ConfigMaps they name, as `Secret/namespace/name`. */
export const REFERENCE_INDEX = 'reference';
/** Servers by host and path of their Ingress. */
export const ENDPOINT_INDEX = 'endpoint';

/** Host and path that an Ingress of this server claims. */
export function endpointOf({ spec, metadata }: CachedMcpServer): string | undefined {
  const { type, host, path } = spec.exposure;
  // Who is on the way out claims nothing any more.
  if (type !== 'Ingress' || host === undefined || metadata.deletionTimestamp !== undefined) return undefined;
  return `${host}${path}`;
}

export const referenceKey = (kind: string, namespace: string, name: string): string =>
  `${kind}/${formatKey({ namespace, name })}`;

const mcpServerIndices = {
  [REFERENCE_INDEX]: ({ spec, metadata }: CachedMcpServer) =>
    references(spec).map(({ kind, name }) => referenceKey(kind, metadata.namespace, name)),
  [ENDPOINT_INDEX]: (server: CachedMcpServer) => {
    const endpoint = endpointOf(server);
    return endpoint === undefined ? [] : [endpoint];
  },
  [NAMESPACE_INDEX]: ({ metadata }: CachedMcpServer) => [metadata.namespace],
};

/** Declares the caches that only this controller needs. */
export function mcpServerCaches(manager: Manager, shared: WorkloadInformers) {
  return {
    ...shared,
    mcpServers: manager.informer(mcpServers, customProjection, { indices: mcpServerIndices }),
    serviceAccounts: manager.informer(kinds.serviceAccounts, childProjection()),
    roles: manager.informer(kinds.roles, childProjection()),
    roleBindings: manager.informer(kinds.roleBindings, childProjection()),
    configMaps: manager.informer(kinds.configMaps, childProjection()),
    ingresses: manager.informer(
      kinds.ingresses,
      childProjection(({ status }: Ingress) => ({ admitted: (status?.loadBalancer?.ingress ?? []).length > 0 })),
    ),
  };
}

export type Caches = ReturnType<typeof mcpServerCaches>;

/** Every kind of child, the cache it is found in, and what its name adds to that of the server. */
export const CHILD_KINDS = [
  { cache: 'serviceAccounts', suffix: '' },
  { cache: 'roles', suffix: '' },
  { cache: 'roleBindings', suffix: '' },
  { cache: 'configMaps', suffix: SUFFIX.config },
  { cache: 'secrets', suffix: SUFFIX.keys },
  { cache: 'persistentVolumeClaims', suffix: SUFFIX.data },
  { cache: 'services', suffix: '' },
  { cache: 'deployments', suffix: '' },
  { cache: 'horizontalPodAutoscalers', suffix: '' },
  { cache: 'podDisruptionBudgets', suffix: '' },
  { cache: 'ingresses', suffix: '' },
] as const satisfies readonly { readonly cache: keyof Caches; readonly suffix: '' | `-${string}` }[];

/** Readers of a child need no more than what all children have. */
export const childInformer = (caches: Caches, cache: keyof Caches): Informer<CachedChild> =>
  caches[cache] as unknown as Informer<CachedChild>;
