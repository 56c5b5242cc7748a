// The provider `existing`: the cluster that KUBECONFIG names. It was there
// before and stays; whoever uses it deletes what it made.

import { findProgram } from './command.ts';
import type { Cluster, Provider } from './provider.ts';
import { UnsupportedError } from './provider.ts';
import { installedBinaries, observeCapabilities, remoteCluster } from './remote-cluster.ts';

export interface ExistingOptions {
  /** Path of the kubeconfig (KUBECONFIG). */
  readonly kubeconfig: string | undefined;
  /** Registry that holds the images (MCP_FLEET_IMAGE_REGISTRY). */
  readonly registry: string | undefined;
  /** Where the ingress controller is reached from here (MCP_FLEET_INGRESS_URL). */
  readonly ingressUrl: string | undefined;
}

export async function openExisting({ kubeconfig, registry, ingressUrl }: ExistingOptions): Promise<Cluster> {
  if (kubeconfig === undefined) throw new Error('USE_EXISTING_CLUSTER needs KUBECONFIG, the path of a kubeconfig.');
  const binaries = await installedBinaries();
  const observed = await observeCapabilities(kubeconfig, binaries.kubectl);
  return remoteCluster({
    name: 'existing',
    provider: 'existing',
    kubeconfig,
    binaries,
    capabilities: ['control', 'pods', ...observed, ...(ingressUrl === undefined ? [] : ['ingress' as const])],
    ...(ingressUrl === undefined ? {} : { ingressUrl }),
    async loadImage() {
      if (registry !== undefined) return; // its nodes pull from there
      throw new UnsupportedError(
        'Images cannot be loaded into an existing cluster: push them to a registry that its nodes reach and name that in MCP_FLEET_IMAGE_REGISTRY.',
      );
    },
    stop: () => Promise.resolve(),
  });
}

export function existingProvider(options: ExistingOptions): Provider {
  return {
    name: 'existing',
    async available() {
      if (options.kubeconfig === undefined) return { ok: false, reason: 'KUBECONFIG is not set' };
      if ((await findProgram('kubectl')) === undefined) return { ok: false, reason: 'kubectl is not in the PATH' };
      return { ok: true };
    },
    start: ({ progress }) => {
      progress({ step: 'Use the existing cluster', state: 'info', detail: options.kubeconfig ?? '' });
      return openExisting(options);
    },
  };
}
