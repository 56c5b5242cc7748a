/**
 * Everything a reconcile needs to know of the world, read from the caches in one go. No request is made here, and
 * nothing is decided.
 */
import { formatKey, type Key } from '#operator/kit/object.ts';
import type { Store } from '#operator/kit/store.ts';
import { type FoundChild, findChildren } from '#operator/workload/children.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import type { CachedDeployment } from '#operator/workload/deployment.ts';
import { type CachedSecret, NAMESPACE_INDEX } from '#operator/workload/informers.ts';
import { type CachedPod, WORKLOAD_INDEX, workloadKey } from '#operator/workload/pods.ts';
import { type Reference, resolve } from '#operator/workload/references.ts';
import { type UsedBackend, usedBackends } from './backends.ts';
import { type Caches, childKinds, ENDPOINT_INDEX, endpointsOf } from './caches.ts';
import { type CachedExaminer, type CachedJob, EXAMINED_INDEX } from './conformance/caches.ts';
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
  /** The oldest McpServer with the same host and a path that this one wants. */
  readonly endpointHolder: Key | undefined;
  readonly finding: Finding | undefined;
  /** Jobs that examine it or did so, and their pods. */
  readonly jobs: readonly CachedJob[];
  readonly examiners: readonly CachedExaminer[];
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
      const found = resolve(reference, referenceStore(caches, reference.kind).get({ namespace, name: reference.name }));
      // A claim changes when it is bound or grows, and its content without a trace: neither concerns running pods.
      return reference.kind === 'PersistentVolumeClaim' ? { ...found, version: '' } : found;
    }),
    endpointHolder: endpointHolder(server, caches),
    finding,
    jobs: caches.jobs.store.byIndex(EXAMINED_INDEX, formatKey(key)),
    examiners: caches.examiners.store.byIndex(EXAMINED_INDEX, formatKey(key)),
  };
}

function referenceStore(caches: Caches, kind: Reference['kind']): Pick<Store<CachedSecret>, 'get'> {
  if (kind === 'Secret') return caches.secrets.store;
  return kind === 'ConfigMap' ? caches.configMaps.store : caches.persistentVolumeClaims.store;
}

function endpointHolder(server: CachedMcpServer, caches: Caches): Key | undefined {
  const claimants = endpointsOf(server).flatMap((endpoint) => [
    ...caches.mcpServers.store.byIndex(ENDPOINT_INDEX, endpoint),
  ]);
  const [oldest] = claimants.sort(byAge);
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
