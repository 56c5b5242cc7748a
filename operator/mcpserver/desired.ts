/**
 * What should be: from an McpServer and the world as observed to the children it wants, and the problems in its way.
 * Pure. A spec that pods could not run from changes nothing: what is there goes on, until somebody corrects it.
 */
import type { KubeObject, Resource } from '#operator/kit/object.ts';
import { controllerOf } from '#operator/kit/object.ts';
import * as kinds from '#operator/kit/resources.ts';
import type { PersistentVolumeClaim } from '#operator/kit/wire.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import { horizontalPodAutoscaler } from '#operator/workload/horizontalpodautoscaler.ts';
import { podDisruptionBudget } from '#operator/workload/poddisruptionbudget.ts';
import { credentials } from './backends.ts';
import { childMetadata, workloadOf } from './names.ts';
import type { FoundChild, Observed } from './observe.ts';
import { backendProblems } from './problems/backends.ts';
import { isLeftover, isOurs, nameConflict } from './problems/names.ts';
import { podTemplateProblems } from './problems/podtemplate.ts';
import type { Problem } from './problems/problem.ts';
import { referenceProblems } from './problems/references.ts';
import { toolsetProblems } from './problems/toolsets.ts';
import { canHaveSeveralPods, hasAutoscaler } from './replicas.ts';
import { configHash, configMap } from './resources/configmap.ts';
import { dataVolume } from './resources/datavolume.ts';
import { deployment } from './resources/deployment.ts';
import { ingress } from './resources/ingress.ts';
import { keysSecret } from './resources/keys.ts';
import { role, roleBinding } from './resources/role.ts';
import { service } from './resources/service.ts';
import { serviceAccount } from './resources/serviceaccount.ts';

export interface DesiredOptions {
  /** Image of servers that name none. */
  readonly serverImage: string;
  /** Fresh random bytes for a Secret that does not exist yet. */
  readonly newKey: () => Uint8Array;
}

export interface Child {
  readonly resource: Resource;
  readonly intent: KubeObject;
}

export interface Plan {
  /** What pods need before they start. */
  readonly foundations: readonly Child[];
  /** What starts pods, and what acts on them. */
  readonly workload: readonly Child[];
  readonly keys: Child | undefined;
  readonly volume: PersistentVolumeClaim | undefined;
  /** Ours, and no longer wanted. */
  readonly orphans: readonly FoundChild[];
  readonly problems: readonly Problem[];
}

export function desired(server: CachedMcpServer, observed: Observed, options: DesiredOptions): Plan {
  const problems = [
    ...toolsetProblems(server.spec),
    ...podTemplateProblems(server.spec),
    ...referenceProblems(server, observed.references),
    ...backendProblems(server, observed.backends),
  ];
  if (problems.some(({ blocking }) => blocking)) return nothing(problems);
  const wanted = children(server, observed, options);
  const foreign = observed.children.filter(
    ({ resource, object }) => isWanted(wanted, resource) && !isOurs(server, resource, object),
  );
  if (foreign.length > 0) {
    const strangers = foreign.filter(({ object }) => !isLeftover(server, controllerOf(object)));
    const conflicts = strangers.map(({ resource, object }) => nameConflict(resource, object, controllerOf(object)));
    return nothing([...problems, ...conflicts]);
  }
  const orphans = observed.children.filter(
    ({ resource, object }) =>
      !isWanted(wanted, resource) &&
      // Data goes with the server that asked for it to go, and at no earlier time.
      resource.kind !== kinds.persistentVolumeClaims.kind &&
      isOurs(server, resource, object),
  );
  return { ...wanted, orphans, problems };
}

type Wanted = Pick<Plan, 'foundations' | 'workload' | 'keys' | 'volume'>;

const nothing = (problems: readonly Problem[]): Plan => ({
  foundations: [],
  workload: [],
  keys: undefined,
  volume: undefined,
  orphans: [],
  problems,
});

function children(server: CachedMcpServer, observed: Observed, options: DesiredOptions): Wanted {
  const { spec } = server;
  const readsBackends = spec.backends !== undefined;
  const route = observed.endpointHolder === undefined ? ingress(server) : undefined;
  const pods = deployment(server, {
    image: spec.image ?? options.serverImage,
    configHash: configHash(server, observed.references),
    credentials: credentials(observed.backends),
  });
  return {
    foundations: [
      { resource: kinds.serviceAccounts, intent: serviceAccount(server) },
      { resource: kinds.configMaps, intent: configMap(server) },
      { resource: kinds.services, intent: service(server) },
      ...(readsBackends ? [{ resource: kinds.roles, intent: role(server) }] : []),
      ...(route === undefined ? [] : [{ resource: kinds.ingresses, intent: route }]),
    ],
    workload: [
      // The API server looks the role up before it takes a binding to it.
      ...(readsBackends ? [{ resource: kinds.roleBindings, intent: roleBinding(server) }] : []),
      { resource: kinds.deployments, intent: pods },
      ...(hasAutoscaler(spec) && spec.autoscaling !== undefined
        ? [
            {
              resource: kinds.horizontalPodAutoscalers,
              intent: horizontalPodAutoscaler(childMetadata(server), spec.autoscaling),
            },
          ]
        : []),
      ...(canHaveSeveralPods(spec)
        ? [
            {
              resource: kinds.podDisruptionBudgets,
              intent: podDisruptionBudget(childMetadata(server), workloadOf(server), spec.podDisruptionBudget),
            },
          ]
        : []),
    ],
    keys: { resource: kinds.secrets, intent: keysSecret(server, options.newKey()) },
    volume: dataVolume(server),
  };
}

function isWanted({ foundations, workload, volume }: Wanted, { kind }: Resource): boolean {
  if (kind === kinds.secrets.kind) return true;
  if (kind === kinds.persistentVolumeClaims.kind) return volume !== undefined;
  return [...foundations, ...workload].some(({ resource }) => resource.kind === kind);
}
