/**
 * What should be: from an McpServer and the world as observed to the children it wants, and the problems in its way.
 * Pure. A spec that pods could not run from changes nothing: what is there goes on, until somebody corrects it.
 */
import * as kinds from '#operator/kit/resources.ts';
import {
  foreignChildren,
  NO_CHANGES,
  nameConflicts,
  orphanedChildren,
  type Plan,
  type Wanted,
} from '#operator/workload/children.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import { horizontalPodAutoscaler } from '#operator/workload/horizontalpodautoscaler.ts';
import { podDisruptionBudget } from '#operator/workload/poddisruptionbudget.ts';
import { configHash } from '#operator/workload/references.ts';
import { credentials } from './backends.ts';
import { childMetadata, ownerOf, workloadOf } from './names.ts';
import type { Observed } from './observe.ts';
import { backendProblems } from './problems/backends.ts';
import { podTemplateProblems } from './problems/podtemplate.ts';
import { referenceProblems } from './problems/references.ts';
import { toolsetProblems } from './problems/toolsets.ts';
import { canHaveSeveralPods, hasAutoscaler } from './replicas.ts';
import { configMap, serverFile } from './resources/configmap.ts';
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
  /** Image with the conformance suite; undefined where there is none. */
  readonly conformanceImage: string | undefined;
  /** Fresh random bytes for a Secret that does not exist yet. */
  readonly newKey: () => Uint8Array;
}

export function desired(server: CachedMcpServer, observed: Observed, options: DesiredOptions): Plan {
  const problems = [
    ...toolsetProblems(server.spec),
    ...podTemplateProblems(server.spec),
    ...referenceProblems(server, observed.references),
    ...backendProblems(server, observed.backends),
  ];
  if (problems.some(({ blocking }) => blocking)) return { ...NO_CHANGES, problems };
  const owner = ownerOf(server);
  const wanted = withKeys(builtChildren(server, observed, options), server, options);
  const foreign = foreignChildren(owner, wanted, observed.children);
  if (foreign.length > 0) return { ...NO_CHANGES, problems: [...problems, ...nameConflicts(owner, foreign)] };
  return { ...wanted, orphans: orphanedChildren(owner, wanted, observed.children), problems };
}

/** Made anew each time, so that a Secret that somebody removed comes back with another key and none is remembered. */
const withKeys = (wanted: Wanted, server: CachedMcpServer, { newKey }: DesiredOptions): Wanted => ({
  ...wanted,
  foundations: [
    ...wanted.foundations,
    { resource: kinds.secrets, intent: keysSecret(server, newKey()), createOnly: true },
  ],
});

/** By the server they are of; what else they are made from is compared. Most reconciles come for a mere status. */
const built = new WeakMap<CachedMcpServer, { readonly from: string; readonly wanted: Wanted }>();

function builtChildren(server: CachedMcpServer, observed: Observed, options: DesiredOptions): Wanted {
  const { references, backends, endpointHolder } = observed;
  const from = JSON.stringify([references, credentials(backends), endpointHolder, options.serverImage]);
  const known = built.get(server);
  if (known?.from === from) return known.wanted;
  const wanted = children(server, observed, options);
  built.set(server, { from, wanted });
  return wanted;
}

function children(server: CachedMcpServer, observed: Observed, options: DesiredOptions): Wanted {
  const { spec } = server;
  const readsBackends = spec.backends !== undefined;
  const route = observed.endpointHolder === undefined ? ingress(server) : undefined;
  const pods = deployment(server, {
    image: spec.image ?? options.serverImage,
    configHash: configHash(observed.references, serverFile(server)),
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
    volume: dataVolume(server),
    autoscaledFrom: hasAutoscaler(spec) ? (spec.autoscaling?.minReplicas ?? 1) : undefined,
  };
}
