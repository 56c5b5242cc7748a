/**
 * What should be: from a ModelBackend and the world as observed to the children it wants, the address at which it is
 * reached, and the problems in the way. Pure. A spec with a problem changes nothing: what is there goes on, until
 * somebody corrects it.
 */
import { type Address, declaredAddress } from '#models/endpoint.ts';
import * as kinds from '#operator/kit/resources.ts';
import type { PersistentVolumeClaim } from '#operator/kit/wire.ts';
import {
  foreignChildren,
  NO_CHANGES,
  nameConflicts,
  orphanedChildren,
  type Wanted,
  type Plan as WorkloadPlan,
} from '#operator/workload/children.ts';
import type { CachedModelBackend } from '#operator/workload/customresources.ts';
import { horizontalPodAutoscaler } from '#operator/workload/horizontalpodautoscaler.ts';
import { childMetadata, ownerlessMetadata } from '#operator/workload/owner.ts';
import { persistentVolumeClaim } from '#operator/workload/persistentvolumeclaim.ts';
import { podDisruptionBudget } from '#operator/workload/poddisruptionbudget.ts';
import { configHash, missingReferences } from '#operator/workload/references.ts';
import type { Launch, Managed } from './engines/engine.ts';
import { launch } from './engines/registry.ts';
import { CACHE_SUFFIX, ownerOf, serviceHost, workloadOf } from './names.ts';
import type { Observed } from './observe.ts';
import { environmentProblems } from './problems/environment.ts';
import { canHaveSeveralPods } from './replicas.ts';
import { deployment } from './resources/deployment.ts';
import { service } from './resources/service.ts';

export interface Plan extends WorkloadPlan {
  /** Undefined while the name belongs to somebody else. */
  readonly address: Address | undefined;
}

export function desired(backend: CachedModelBackend, observed: Observed): Plan {
  const { spec, metadata } = backend;
  const { managed } = spec;
  const missing = missingReferences(metadata.namespace, observed.references, true);
  const problems = [...environmentProblems(spec), ...missing];
  if (managed === undefined) return { ...NO_CHANGES, problems, address: declaredAddress(spec, metadata.namespace) };
  const owner = ownerOf(backend);
  const start = launch({ ...spec, managed });
  const wanted = children(backend, managed, start, observed);
  const foreign = foreignChildren(owner, wanted, observed.children);
  if (foreign.length > 0) {
    return { ...NO_CHANGES, problems: [...problems, ...nameConflicts(owner, foreign)], address: undefined };
  }
  const address = { url: `http://${serviceHost(metadata)}:${start.port}`, pathPrefix: '' };
  if (problems.length > 0) return { ...NO_CHANGES, problems, address };
  return { ...wanted, orphans: orphanedChildren(owner, wanted, observed.children), problems, address };
}

function children(backend: CachedModelBackend, managed: Managed, start: Launch, observed: Observed): Wanted {
  const metadata = childMetadata(ownerOf(backend));
  const workload = workloadOf(backend);
  const volume = cacheVolume(backend, managed);
  const pods = {
    workload,
    managed,
    launch: start,
    cacheClaim: volume?.metadata.name,
    // The others are read when a request needs them, or were.
    configHash: configHash(observed.references.filter(({ readAtStart }) => readAtStart)),
  };
  const { autoscaling } = managed;
  return {
    volume,
    autoscaledFrom: autoscaling?.minReplicas,
    foundations: [{ resource: kinds.services, intent: service(metadata, workload, start.port) }],
    workload: [
      { resource: kinds.deployments, intent: deployment(metadata, pods) },
      ...(autoscaling === undefined
        ? []
        : [{ resource: kinds.horizontalPodAutoscalers, intent: horizontalPodAutoscaler(metadata, autoscaling) }]),
      ...(canHaveSeveralPods(managed)
        ? [
            {
              resource: kinds.podDisruptionBudgets,
              intent: podDisruptionBudget(metadata, workload, managed.podDisruptionBudget),
            },
          ]
        : []),
    ],
  };
}

function cacheVolume(backend: CachedModelBackend, { cache }: Managed): PersistentVolumeClaim | undefined {
  if (cache === undefined) return undefined;
  const metadata = (cache.retain ? ownerlessMetadata : childMetadata)(ownerOf(backend), CACHE_SUFFIX);
  return persistentVolumeClaim(metadata, cache);
}
