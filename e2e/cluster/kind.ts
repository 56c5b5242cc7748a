// The provider `kind`: Kubernetes in Docker containers, for machines that have
// Docker and kind. Traefik is installed from its public image; nodes with fake
// GPUs and access to the components' processes are not offered.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { command, findProgram } from './command.ts';
import type { Places } from './places.ts';
import { freePort } from './ports.ts';
import { type Cluster, type Provider, type StartOptions, step } from './provider.ts';
import { installedBinaries, remoteCluster } from './remote-cluster.ts';

const prefix = 'mcp-fleet-';
const webPort = 8000;

interface KindRecord {
  readonly name: string;
  readonly kubeconfig: string;
  readonly ingressUrl?: string;
}

/** A cluster that kind made, from any process. */
export async function openKind({ name, kubeconfig, ingressUrl }: KindRecord): Promise<Cluster> {
  return remoteCluster({
    name,
    provider: 'kind',
    kubeconfig,
    binaries: await installedBinaries(),
    capabilities: [
      'control',
      'pods',
      'loadImage',
      'storage',
      ...(ingressUrl === undefined ? [] : ['ingress' as const]),
    ],
    ...(ingressUrl === undefined ? {} : { ingressUrl }),
    async loadImage(tar) {
      await command('kind', ['load', 'image-archive', tar, '--name', name], { timeout: 600_000 });
    },
    stop: () => deleteKind(name, kubeconfig),
  });
}

async function deleteKind(name: string, kubeconfig: string): Promise<void> {
  await command('kind', ['delete', 'cluster', '--name', name, '--kubeconfig', kubeconfig], { timeout: 300_000 });
  await rm(kubeconfig, { force: true });
}

async function startKind({ cache }: Places, { tier, progress, name = tier }: StartOptions): Promise<Cluster> {
  const binaries = await installedBinaries();
  const full = `${prefix}${name}-${process.pid}`;
  const folder = join(cache, 'kind');
  await mkdir(folder, { recursive: true });
  const kubeconfig = join(folder, `${full}.yaml`);
  // Docker needs to be told a number; it refuses one that was taken meanwhile.
  const port = await freePort();
  const config = stringify({
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    nodes: [
      {
        role: 'control-plane',
        extraPortMappings: [{ containerPort: webPort, hostPort: port, listenAddress: '127.0.0.1', protocol: 'TCP' }],
      },
    ],
  });
  await step(progress, 'Create a kind cluster', () =>
    command('kind', ['create', 'cluster', '--name', full, '--kubeconfig', kubeconfig, '--config=-', '--wait=300s'], {
      input: config,
      timeout: 900_000,
    }),
  );
  if (tier !== 'pods') return openKind({ name: full, kubeconfig });
  const manifest = join(import.meta.dirname, 'kind-traefik.yaml');
  const kubectl = (...args: readonly string[]) =>
    command(binaries.kubectl, ['--kubeconfig', kubeconfig, ...args], { timeout: 320_000 });
  await step(progress, 'Install Traefik', async () => {
    await kubectl('apply', '--server-side', '-f', manifest);
    await kubectl('-n', 'traefik', 'rollout', 'status', 'deployment/traefik', '--timeout=300s');
  });
  return openKind({ name: full, kubeconfig, ingressUrl: `http://127.0.0.1:${port}` });
}

/** Deletes every kind cluster of this project; returns their names. Does nothing where kind or Docker is missing. */
export async function deleteKindClusters({ cache }: Places): Promise<readonly string[]> {
  if (!(await kindProvider({ cache, runs: '' }).available()).ok) return [];
  const names = (await command('kind', ['get', 'clusters'])).split('\n').filter((name) => name.startsWith(prefix));
  for (const name of names) await deleteKind(name, join(cache, 'kind', `${name}.yaml`));
  return names;
}

export function kindProvider(places: Places): Provider {
  return {
    name: 'kind',
    async available() {
      for (const program of ['kind', 'docker']) {
        if ((await findProgram(program)) === undefined) return { ok: false, reason: `${program} is not in the PATH` };
      }
      try {
        await command('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 10_000 });
      } catch {
        return { ok: false, reason: 'the Docker daemon does not answer' };
      }
      return { ok: true };
    },
    start: (options) => startKind(places, options),
  };
}
