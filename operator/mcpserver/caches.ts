/**
 * The caches that the McpServer controller reads, their indices, and the kinds of its children. Declares and wires
 * nothing by itself: a manager gives the informers.
 */
import type { Manager } from '#operator/kit/manager.ts';
import { formatKey } from '#operator/kit/object.ts';
import { childProjection, customProjection } from '#operator/kit/projection.ts';
import * as kinds from '#operator/kit/resources.ts';
import type { Ingress } from '#operator/kit/wire.ts';
import { type ChildKind, childKind } from '#operator/workload/children.ts';
import { type CachedMcpServer, mcpServers } from '#operator/workload/customresources.ts';
import { NAMESPACE_INDEX, type WorkloadInformers } from '#operator/workload/informers.ts';
import { conformanceInformers } from './conformance/caches.ts';
import { SUFFIX } from './names.ts';
import { ingressPaths } from './paths.ts';
import { references } from './references.ts';

/** Servers by the objects they name, as `Secret/namespace/name`. */
export const REFERENCE_INDEX = 'reference';
/** Servers by each host and path of their Ingress. */
export const ENDPOINT_INDEX = 'endpoint';

/** Hosts and paths that an Ingress of this server claims. */
export function endpointsOf({ spec, metadata }: CachedMcpServer): readonly string[] {
  const { type, host } = spec.exposure;
  // Who is on the way out claims nothing any more.
  if (type !== 'Ingress' || host === undefined || metadata.deletionTimestamp !== undefined) return [];
  return ingressPaths(spec).map((path) => `${host}${path}`);
}

export const referenceKey = (kind: string, namespace: string, name: string): string =>
  `${kind}/${formatKey({ namespace, name })}`;

const mcpServerIndices = {
  [REFERENCE_INDEX]: ({ spec, metadata }: CachedMcpServer) =>
    references(spec).map(({ kind, name }) => referenceKey(kind, metadata.namespace, name)),
  [ENDPOINT_INDEX]: endpointsOf,
  [NAMESPACE_INDEX]: ({ metadata }: CachedMcpServer) => [metadata.namespace],
};

/** Declares the caches that only this controller needs. */
export function mcpServerCaches(manager: Manager, shared: WorkloadInformers) {
  return {
    ...shared,
    ...conformanceInformers(manager),
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

/** Every kind of child. */
export const childKinds = (caches: Caches): readonly ChildKind[] => [
  childKind(caches.serviceAccounts),
  childKind(caches.roles),
  childKind(caches.roleBindings),
  childKind(caches.configMaps, SUFFIX.config),
  childKind(caches.secrets, SUFFIX.keys),
  childKind(caches.persistentVolumeClaims, SUFFIX.data),
  childKind(caches.services),
  childKind(caches.deployments),
  childKind(caches.horizontalPodAutoscalers),
  childKind(caches.podDisruptionBudgets),
  childKind(caches.ingresses),
];
