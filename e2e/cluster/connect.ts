// Hands a cluster from the process that started it to test workers: as plain
// data one way, as a Cluster again the other way.

import { openExisting } from './existing.ts';
import { openKind } from './kind.ts';
import { openLocal } from './local-cluster.ts';
import type { Binaries, Capability, Cluster, ProviderName } from './provider.ts';

export interface ClusterInfo {
  readonly name: string;
  readonly provider: ProviderName;
  readonly kubeconfig: string;
  readonly ingressUrl?: string;
  readonly auditLog?: string;
  readonly binaries: Binaries;
  readonly capabilities: readonly Capability[];
  readonly runDir?: string;
  /** The registry that an existing cluster pulls from. */
  readonly registry?: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    cluster: ClusterInfo;
  }
}

/** Everything about a cluster that can be passed on: `inject('cluster')` gives it to a test. */
export function clusterInfo(cluster: Cluster, registry?: string): ClusterInfo {
  const { name, provider, kubeconfig, binaries, auditLog, runDir, ingress } = cluster;
  return {
    name,
    provider,
    kubeconfig,
    binaries,
    capabilities: [...cluster.capabilities],
    ...(auditLog === undefined ? {} : { auditLog }),
    ...(runDir === undefined ? {} : { runDir }),
    ...(ingress === undefined ? {} : { ingressUrl: ingress.url }),
    ...(registry === undefined ? {} : { registry }),
  };
}

/** The cluster again, in another process. Stopping it stays with the one that started it. */
export async function connect(info: ClusterInfo): Promise<Cluster> {
  const { provider, runDir, kubeconfig, registry, ingressUrl } = info;
  if (provider === 'kind') return openKind(info);
  if (provider === 'existing') return openExisting({ kubeconfig, registry, ingressUrl });
  if (runDir === undefined) throw new Error(`The local cluster ${info.name} has no run folder.`);
  return openLocal(runDir);
}

/** Why a test that needs these capabilities must be skipped, or undefined: `const why = lacking(info, 'gpuNodes'); if (why) ctx.skip(why)`. */
export function lacking(
  info: Pick<ClusterInfo, 'capabilities' | 'provider'>,
  ...needed: readonly Capability[]
): string | undefined {
  const missing = needed.filter((capability) => !info.capabilities.includes(capability));
  return missing.length === 0 ? undefined : `The ${info.provider} cluster offers no ${missing.join(', no ')}.`;
}
