/**
 * What should be: from a ModelBackend and the world as observed to the children it wants, the address at which it is
 * reached, and the problems in the way. Pure. A spec with a problem changes nothing: what is there goes on, until
 * somebody corrects it.
 */
import { hash } from 'node:crypto';
import { type Address, declaredAddress } from '#models/endpoint.ts';
import { controllerOf, type KubeObject, type Resource } from '#operator/kit/object.ts';
import * as kinds from '#operator/kit/resources.ts';
import type { PersistentVolumeClaim } from '#operator/kit/wire.ts';
import type { CachedModelBackend } from '#operator/workload/customresources.ts';
import { horizontalPodAutoscaler } from '#operator/workload/horizontalpodautoscaler.ts';
import { persistentVolumeClaim } from '#operator/workload/persistentvolumeclaim.ts';
import { podDisruptionBudget } from '#operator/workload/poddisruptionbudget.ts';
import type { Launch, Managed } from './engines/engine.ts';
import { launch } from './engines/registry.ts';
import { CACHE_SUFFIX, childMetadata, ownerlessMetadata, serviceHost, workloadOf } from './names.ts';
import type { FoundChild, Observed } from './observe.ts';
import { environmentProblems } from './problems/environment.ts';
import { isOurs, nameConflict } from './problems/names.ts';
import type { Problem } from './problems/problem.ts';
import { referenceProblems } from './problems/references.ts';
import type { ResolvedReference } from './references.ts';
import { canHaveSeveralPods } from './replicas.ts';
import { deployment } from './resources/deployment.ts';
import { service } from './resources/service.ts';

export interface Child {
  readonly resource: Resource;
  readonly intent: KubeObject;
}

export interface Plan {
  /** What pods need before they start. */
  readonly foundations: readonly Child[];
  /** What starts pods, and what acts on them. */
  readonly workload: readonly Child[];
  readonly volume: PersistentVolumeClaim | undefined;
  /** Ours, and no longer wanted. */
  readonly orphans: readonly FoundChild[];
  readonly problems: readonly Problem[];
  /** Undefined while the name belongs to somebody else. */
  readonly address: Address | undefined;
}

export function desired(backend: CachedModelBackend, observed: Observed): Plan {
  const { spec, metadata } = backend;
  const { managed } = spec;
  const problems = [...environmentProblems(spec), ...referenceProblems(backend, observed.references)];
  if (managed === undefined) return { ...NOTHING, problems, address: declaredAddress(spec, metadata.namespace) };
  const start = launch({ ...spec, managed });
  const wanted = children(backend, managed, start, observed);
  const conflicts = observed.children
    .filter(({ resource, object }) => isWanted(wanted, resource) && !isOurs(backend, resource, object))
    .map(({ resource, object }) => nameConflict(resource, object, controllerOf(object)));
  if (conflicts.length > 0) return { ...NOTHING, problems: [...problems, ...conflicts], address: undefined };
  const address = { url: `http://${serviceHost(metadata)}:${start.port}`, pathPrefix: '' };
  if (problems.length > 0) return { ...NOTHING, problems, address };
  const orphans = observed.children.filter(
    ({ resource, object }) =>
      !isWanted(wanted, resource) &&
      // Weights go with the backend that asked for them to go, and at no earlier time.
      resource.kind !== kinds.persistentVolumeClaims.kind &&
      isOurs(backend, resource, object),
  );
  return { ...wanted, orphans, problems, address };
}

type Wanted = Pick<Plan, 'foundations' | 'workload' | 'volume'>;

const NOTHING = { foundations: [], workload: [], volume: undefined, orphans: [] } as const;

function children(backend: CachedModelBackend, managed: Managed, start: Launch, observed: Observed): Wanted {
  const metadata = childMetadata(backend);
  const workload = workloadOf(backend);
  const volume = cacheVolume(backend, managed);
  const pods = {
    workload,
    managed,
    launch: start,
    cacheClaim: volume?.metadata.name,
    configHash: configHash(observed.references),
  };
  const { autoscaling } = managed;
  return {
    volume,
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
  const metadata = cache.retain ? ownerlessMetadata(backend, CACHE_SUFFIX) : childMetadata(backend, CACHE_SUFFIX);
  return persistentVolumeClaim(metadata, cache);
}

/**
 * Over the Secrets that an engine reads at its start. The version counts and not the content: a digest of a short
 * secret in an annotation would let readers of Deployments guess it.
 */
function configHash(references: readonly ResolvedReference[]): string {
  const versions = references
    .filter(({ readAtStart }) => readAtStart)
    .map(({ kind, name, version }) => `${kind}/${name}/${version}`);
  return hash('sha256', versions.join('\n'), 'hex').slice(0, 16);
}

function isWanted({ foundations, workload, volume }: Wanted, { kind }: Resource): boolean {
  if (kind === kinds.persistentVolumeClaims.kind) return volume !== undefined;
  return [...foundations, ...workload].some(({ resource }) => resource.kind === kind);
}
