import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type Claim, folderToRemove, provisioner, type Volume, volumeFor } from './storage.ts';

const claim = {
  metadata: {
    name: 'data',
    namespace: 'default',
    uid: 'u-1',
    annotations: {
      'volume.kubernetes.io/storage-provisioner': provisioner,
      'volume.kubernetes.io/selected-node': 'node-1',
    },
  },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'standard' },
} satisfies Claim;

test('a claim that has a node gets a volume there', async () => {
  await expect(stringify(volumeFor(claim, '/volumes'))).toMatchFileSnapshot('./golden/volume.yaml');
});

test("a claim that waits for its pod, is bound, or is somebody else's gets none", () => {
  const annotated = (annotations: Readonly<Record<string, string>>) => ({
    ...claim,
    metadata: { ...claim.metadata, annotations },
  });
  const { 'volume.kubernetes.io/selected-node': _, ...waiting } = claim.metadata.annotations;
  expect(volumeFor(annotated(waiting), '/volumes')).toBeUndefined();
  const foreign = { ...claim.metadata.annotations, 'volume.kubernetes.io/storage-provisioner': 'ebs.csi.aws.com' };
  expect(volumeFor(annotated(foreign), '/volumes')).toBeUndefined();
  expect(volumeFor({ ...claim, spec: { ...claim.spec, volumeName: 'pvc-u-1' } }, '/volumes')).toBeUndefined();
});

test('only a released volume of ours that may be deleted loses its folder', () => {
  const volume = {
    metadata: { name: 'v', annotations: { 'pv.kubernetes.io/provisioned-by': provisioner } },
    spec: { local: { path: '/volumes/v' }, persistentVolumeReclaimPolicy: 'Delete' },
    status: { phase: 'Released' },
  } satisfies Volume;
  expect(folderToRemove(volume)).toBe('/volumes/v');
  expect(folderToRemove({ ...volume, status: { phase: 'Bound' } })).toBeUndefined();
  expect(folderToRemove({ ...volume, metadata: { name: 'v' } })).toBeUndefined();
  expect(
    folderToRemove({ ...volume, spec: { ...volume.spec, persistentVolumeReclaimPolicy: 'Retain' } }),
  ).toBeUndefined();
});
