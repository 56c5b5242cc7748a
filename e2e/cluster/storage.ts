// Volumes of a local cluster: a default StorageClass whose volumes are folders
// of the run, and the object that stands for each. `local` volumes, not
// hostPath: for them the kubelet applies fsGroup, as any real driver's.

import { join } from 'node:path';
import type { KubernetesObject } from './api.ts';
import type { ProcessSpec } from './processes.ts';
import type { RunFolder } from './run-folder.ts';

export const provisioner = 'mcpfleet.local/folder';

export const storageClass: KubernetesObject = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
};

export interface Claim {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly accessModes: readonly string[];
    readonly resources: { readonly requests: Readonly<Record<string, string>> };
    readonly storageClassName?: string;
    readonly volumeName?: string;
  };
}

export interface Volume {
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly local?: { readonly path: string }; readonly persistentVolumeReclaimPolicy: string };
  readonly status?: { readonly phase?: string };
}

const provisionedBy = 'pv.kubernetes.io/provisioned-by';

/**
 * The volume for a claim that waits for one of ours, or undefined. Who asks whom is written in the claim's annotations:
 * the volume controller names the provisioner, the scheduler the node.
 */
export function volumeFor({ metadata, spec }: Claim, folder: string): KubernetesObject | undefined {
  const { annotations = {} } = metadata;
  const node = annotations['volume.kubernetes.io/selected-node'];
  if (annotations['volume.kubernetes.io/storage-provisioner'] !== provisioner) return undefined;
  if (node === undefined || spec.volumeName !== undefined) return undefined;
  const name = `pvc-${metadata.uid}`;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, annotations: { [provisionedBy]: provisioner } },
    spec: {
      accessModes: spec.accessModes,
      capacity: { storage: spec.resources.requests['storage'] },
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        name: metadata.name,
        namespace: metadata.namespace,
        uid: metadata.uid,
      },
      local: { path: join(folder, name) },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
          ],
        },
      },
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: spec.storageClassName,
    },
  };
}

/** The folder to remove together with its volume, when the claim is gone and nobody wants the data. */
export function folderToRemove({ metadata, spec, status }: Volume): string | undefined {
  const released = status?.phase === 'Released' && spec.persistentVolumeReclaimPolicy === 'Delete';
  return released && metadata.annotations?.[provisionedBy] === provisioner ? spec.local?.path : undefined;
}

export function storageProvisioner(run: RunFolder): ProcessSpec {
  return {
    name: 'storage-provisioner',
    command: process.execPath,
    args: [
      '--max-semi-space-size=1',
      join(import.meta.dirname, 'storage-provisioner.ts'),
      run.file('kubeconfig', 'storage-provisioner.yaml'),
      run.file('volumes'),
    ],
  };
}
