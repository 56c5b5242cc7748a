/**
 * Everything a reconcile needs to know of the world, read from the caches in one go. No request is made here, and
 * nothing is decided.
 */
import type { Key } from '#operator/kit/object.ts';
import { type FoundChild, findChildren } from '#operator/workload/children.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import type { CachedDeployment } from '#operator/workload/deployment.ts';
import { NAMESPACE_INDEX } from '#operator/workload/informers.ts';
import { type CachedPod, WORKLOAD_INDEX, workloadKey } from '#operator/workload/pods.ts';
import { resolve } from '#operator/workload/references.ts';
import { type UsedBackend, usedBackends } from './backends.ts';
import { type Caches, childKinds, ENDPOINT_INDEX, endpointOf } from './caches.ts';
import type { Finding } from './finding.ts';
import { workloadOf } from './names.ts';
import { type ResolvedReference, references } from './references.ts';

export interface Observed {
  readonly children: readonly FoundChild[];
  readonly deployment: CachedDeployment | undefined;
  readonly ingressAdmitted: boolean;
  readonly clusterIP: string;
  readonly pods: readonly CachedPod[];
  readonly backends: readonly UsedBackend[];
  readonly references: readonly ResolvedReference[];
  /** The older McpServer with the same host and path. */
  readonly endpointHolder: Key | undefined;
  readonly finding: Finding | undefined;
}

export function observe(server: CachedMcpServer, caches: Caches, finding: Finding | undefined): Observed {
  const { namespace, name } = server.metadata;
  const key = { namespace, name };
  return {
    children: findChildren(childKinds(caches), key),
    deployment: caches.deployments.store.get(key),
    ingressAdmitted: caches.ingresses.store.get(key)?.admitted ?? false,
    clusterIP: caches.services.store.get(key)?.clusterIP ?? '',
    pods: caches.pods.store.byIndex(WORKLOAD_INDEX, workloadKey(namespace, workloadOf(server))),
    backends:
      server.spec.backends === undefined
        ? []
        : usedBackends(server.spec, caches.modelBackends.store.byIndex(NAMESPACE_INDEX, namespace)),
    references: references(server.spec).map((reference) => {
      const { store } = reference.kind === 'Secret' ? caches.secrets : caches.configMaps;
      return resolve(reference, store.get({ namespace, name: reference.name }));
    }),
    endpointHolder: endpointHolder(server, caches),
    finding,
  };
}

function endpointHolder(server: CachedMcpServer, caches: Caches): Key | undefined {
  const endpoint = endpointOf(server);
  if (endpoint === undefined) return undefined;
  const [oldest] = [...caches.mcpServers.store.byIndex(ENDPOINT_INDEX, endpoint)].sort(byAge);
  return oldest === undefined || oldest.metadata.uid === server.metadata.uid ? undefined : oldest.metadata;
}

/** Oldest first; of two made within the same second the one whose name comes first. */
function byAge({ metadata: a }: CachedMcpServer, { metadata: b }: CachedMcpServer): number {
  return (
    a.creationTimestamp.localeCompare(b.creationTimestamp) ||
    a.namespace.localeCompare(b.namespace) ||
    a.name.localeCompare(b.name)
  );
}
