/**
 * What should be there for a ModelBackend: its children as they ought to look, and the
 * address at which it is reached. Pure.
 */
import { controllerReference, type KubeObject, type ObjectMeta, type Resource } from '#operator/kit/object.ts';
import * as kinds from '#operator/kit/resources.ts';
import type { PersistentVolumeClaim } from '#operator/kit/wire.ts';
import { type CachedModelBackend, modelBackends } from '#operator/workload/customresources.ts';
import { horizontalPodAutoscaler } from '#operator/workload/horizontalpodautoscaler.ts';
import { workloadLabels } from '#operator/workload/labels.ts';
import { persistentVolumeClaim } from '#operator/workload/persistentvolumeclaim.ts';
import { podDisruptionBudget } from '#operator/workload/poddisruptionbudget.ts';
import { type Address, declaredAddress } from '../../models/endpoint.ts';
import type { Managed } from './engines/engine.ts';
import { engines } from './engines/registry.ts';
import { workloadFor } from './observe.ts';
import { deployment } from './resources/deployment.ts';
import { service } from './resources/service.ts';

export interface Child {
  readonly resource: Resource;
  readonly intent: KubeObject;
}

export interface Desired {
  readonly children: readonly Child[];
  /** Written apart, because it may outlive its owner. */
  readonly claim: PersistentVolumeClaim | undefined;
  readonly address: Address | undefined;
}

export function desired(backend: CachedModelBackend): Desired {
  const { managed } = backend.spec;
  if (managed === undefined) {
    return { children: [], claim: undefined, address: declaredAddress(backend.spec, backend.metadata.namespace) };
  }
  const claim = cacheClaim(backend, managed);
  return {
    children: children(backend, managed, claim?.metadata.name),
    claim,
    address: managedAddress(backend, managed),
  };
}

function children(backend: CachedModelBackend, managed: Managed, claim: string | undefined): readonly Child[] {
  const metadata = childMetadata(backend);
  const workload = workloadFor(backend);
  const { models } = backend.spec;
  const { port } = engines[managed.engine](managed, models);
  const replicas = managed.autoscaling === undefined ? (managed.replicas ?? 1) : undefined;
  const several = (managed.autoscaling?.maxReplicas ?? managed.replicas ?? 1) > 1;
  return [
    { resource: kinds.services, intent: service(metadata, workload, port) },
    {
      resource: kinds.deployments,
      intent: deployment({ metadata, workload, managed, models, cacheClaim: claim, replicas }),
    },
    ...(managed.autoscaling === undefined
      ? []
      : [{ resource: kinds.horizontalPodAutoscalers, intent: horizontalPodAutoscaler(metadata, managed.autoscaling) }]),
    ...(several
      ? [
          {
            resource: kinds.podDisruptionBudgets,
            intent: podDisruptionBudget(metadata, workload, managed.podDisruptionBudget),
          },
        ]
      : []),
  ];
}

function managedAddress({ metadata, spec }: CachedModelBackend, managed: Managed): Address {
  const { port } = engines[managed.engine](managed, spec.models);
  return { url: `http://${metadata.name}.${metadata.namespace}.svc:${port}`, pathPrefix: '' };
}

function cacheClaim(backend: CachedModelBackend, { cache }: Managed): PersistentVolumeClaim | undefined {
  if (cache === undefined) return undefined;
  const { ownerReferences, ...retained } = childMetadata(backend, '-cache');
  const metadata = cache.retain || ownerReferences === undefined ? retained : { ...retained, ownerReferences };
  return persistentVolumeClaim(metadata, cache);
}

function childMetadata(backend: CachedModelBackend, suffix: '' | '-cache' = ''): ObjectMeta {
  return {
    namespace: backend.metadata.namespace,
    name: `${backend.metadata.name}${suffix}`,
    labels: workloadLabels(workloadFor(backend)),
    ownerReferences: [controllerReference(modelBackends, backend)],
  };
}
