// What a cluster can do when nothing is known of it but a kubeconfig: the part
// that the providers `kind` and `existing` share. Refuses the rest in words.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { CommandError, command, findProgram } from './command.ts';
import {
  type Binaries,
  type Capability,
  type Cluster,
  type Forward,
  type ForwardTarget,
  type ProviderName,
  UnsupportedError,
} from './provider.ts';

export interface RemoteSpec {
  readonly name: string;
  readonly provider: ProviderName;
  readonly kubeconfig: string;
  readonly binaries: Binaries;
  readonly capabilities: readonly Capability[];
  readonly ingressUrl?: string;
  readonly loadImage: (tar: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** kubectl and helm from the PATH: somebody who has a cluster has them. */
export async function installedBinaries(): Promise<Binaries> {
  const [kubectl, helm] = await Promise.all([findProgram('kubectl'), findProgram('helm')]);
  if (kubectl === undefined) throw new Error('kubectl is not in the PATH: https://kubernetes.io/docs/tasks/tools/');
  if (helm === undefined) throw new Error('helm is not in the PATH: https://helm.sh/docs/intro/install/');
  return { kubectl, helm };
}

async function portForward({ kubeconfig, binaries }: RemoteSpec, target: ForwardTarget): Promise<Forward> {
  if ('host' in target) {
    throw new UnsupportedError('Only ports of Services can be forwarded from this cluster, not any address in it.');
  }
  const { namespace, service, port } = target;
  const args = ['--kubeconfig', kubeconfig, '-n', namespace, 'port-forward', `service/${service}`, `:${port}`];
  const child = spawn(binaries.kubectl, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  const errors: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
  const first = await Promise.race([
    once(createInterface(child.stdout), 'line') as Promise<[string]>,
    exited.then(() => undefined),
  ]);
  const local = Number(/127\.0\.0\.1:(\d+)/.exec(first?.[0] ?? '')?.[1]);
  if (!(local > 0)) {
    child.kill();
    throw new Error(`kubectl port-forward to ${namespace}/${service} failed: ${errors.join('').trim()}`);
  }
  child.stdout.resume();
  return {
    url: `http://127.0.0.1:${local}`,
    port: local,
    async close() {
      child.kill();
      await exited;
    },
  };
}

/** What a running cluster says it has: metrics, GPUs, a default StorageClass. */
export async function observeCapabilities(kubeconfig: string, kubectl: string): Promise<readonly Capability[]> {
  const ask = async (...args: readonly string[]): Promise<string> => {
    try {
      return await command(kubectl, ['--kubeconfig', kubeconfig, ...args]);
    } catch (error) {
      if (error instanceof CommandError && error.stderr.includes('(NotFound)')) return '';
      throw error;
    }
  };
  const metrics = await ask('get', 'apiservice', 'v1beta1.metrics.k8s.io', '--output=name');
  const gpus = await ask('get', 'nodes', '--output=jsonpath={.items[*].status.allocatable.nvidia\\.com/gpu}');
  const classes = await ask('get', 'storageclasses', '--output=jsonpath={.items[*].metadata.annotations}');
  const storage = classes.includes('"storageclass.kubernetes.io/is-default-class":"true"');
  return [
    ...(metrics === '' ? [] : ['metrics' as const]),
    ...(gpus.trim() === '' ? [] : ['gpuNodes' as const]),
    ...(storage ? ['storage' as const] : []),
  ];
}

const refuse = (what: string) => (): Promise<never> =>
  Promise.reject(new UnsupportedError(`${what} is possible on a local cluster only.`));

export function remoteCluster(spec: RemoteSpec): Cluster {
  const { name, provider, kubeconfig, binaries, loadImage, stop } = spec;
  return {
    name,
    provider,
    kubeconfig,
    binaries,
    capabilities: new Set(spec.capabilities),
    ...(spec.ingressUrl === undefined ? {} : { ingress: { url: spec.ingressUrl } }),
    loadImage,
    stop,
    forward: (target) => portForward(spec, target),
    user: refuse('Making a user'),
    run: refuse("Running a process in the cluster's network"),
    signal: refuse('Signalling a component'),
    restart: refuse('Restarting a component'),
  };
}
