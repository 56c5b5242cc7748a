// Nodes that exist only in the API (KWOK): pods on them are said to run, and
// GPUs can be counted without any. Knows which nodes there are and how kwok is
// started.

import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Api, KubernetesObject } from './api.ts';
import { programs } from './binaries/programs.ts';
import type { Built } from './binaries.ts';
import { type ProcessSpec, type Sandbox, start } from './processes.ts';
import type { Addons } from './provider.ts';
import type { RunFolder } from './run-folder.ts';
import { hostAddress } from './sandbox.ts';

export const gpuProduct = 'NVIDIA-L4';

function fakeNode(name: string, labels: Readonly<Record<string, string>>, gpus: number): KubernetesObject {
  const resources = {
    cpu: '128',
    memory: '512Gi',
    pods: '2000',
    ...(gpus > 0 ? { 'nvidia.com/gpu': String(gpus) } : {}),
  };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      annotations: {
        'kwok.x-k8s.io/node': 'fake',
        'metrics.k8s.io/resource-metrics-path': `/metrics/nodes/${name}/metrics/resource`,
      },
      labels: {
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        type: 'kwok',
        ...labels,
      },
    },
    spec: { taints: gpus > 0 ? [{ key: 'nvidia.com/gpu', effect: 'NoSchedule' }] : [] },
    status: { allocatable: resources, capacity: resources },
  };
}

/** Labels, taint and resource of a GPU node as NVIDIA's device plugin and feature discovery set them. */
export function fakeNodes({ fakeNodes = 0, gpuNodes }: Addons): readonly KubernetesObject[] {
  const plain = Array.from({ length: fakeNodes }, (_, i) => fakeNode(`fake-${i + 1}`, {}, 0));
  const withGpus = Array.from({ length: gpuNodes?.count ?? 0 }, (_, i) =>
    fakeNode(
      `gpu-${i + 1}`,
      { 'nvidia.com/gpu.present': 'true', 'nvidia.com/gpu.product': gpuProduct },
      gpuNodes?.gpus ?? 0,
    ),
  );
  return [...plain, ...withGpus];
}

function kwok(run: RunFolder, built: Built): ProcessSpec {
  return {
    name: 'kwok',
    command: built.path,
    args: [
      `--kubeconfig=${run.file('kubeconfig', 'kwok.yaml')}`,
      `--config=${run.file('kwok.yaml')}`,
      '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake',
      `--node-ip=${hostAddress}`,
      '--node-port=10247',
      '--cidr=10.250.0.0/16',
      '--node-lease-duration-seconds=40',
      `--tls-cert-file=${run.file('pki', 'kubelet.crt')}`,
      `--tls-private-key-file=${run.file('pki', 'kubelet.key')}`,
    ],
  };
}

/** Starts kwok and makes the nodes. */
export async function startFakeNodes(sandbox: Sandbox, built: Built, api: Api, addons: Addons): Promise<void> {
  const files = programs.kwok.files.paths.map((path) => join(built.folder, basename(path)));
  const settings = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  await writeFile(sandbox.run.file('kwok.yaml'), settings.join('\n---\n'));
  await start(sandbox, kwok(sandbox.run, built));
  for (const node of fakeNodes(addons)) await api.apply(node);
}
