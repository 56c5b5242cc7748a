// A process of the local cluster: makes a folder and a volume for each claim
// of the default StorageClass, and removes both after the claim. What is
// wanted is decided in storage.ts; this does it.

import { mkdir, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Api } from './api.ts';
import { type Claim, folderToRemove, type Volume, volumeFor } from './storage.ts';

const [kubeconfig, folder] = process.argv.slice(2);
if (kubeconfig === undefined || folder === undefined) {
  throw new Error('Usage: storage-provisioner.ts <kubeconfig> <folder for volumes>');
}

const api = await Api.open(kubeconfig);

async function follow(path: string, handle: (object: unknown) => Promise<void>): Promise<never> {
  for (;;) {
    try {
      for await (const { type, object } of api.watch(path)) if (type !== 'DELETED') await handle(object);
    } catch (error) {
      // The API server may be gone for a while, in fault tests it is; the next watch starts with everything there is.
      process.stderr.write(`${path}: ${String(error)}\n`);
    }
    await sleep(500);
  }
}

async function provision(claim: Claim): Promise<void> {
  const volume = volumeFor(claim, folder ?? '');
  if (!volume) return;
  await mkdir(`${folder}/${volume.metadata.name}`, { recursive: true, mode: 0o755 });
  await api.apply(volume);
}

async function reclaim(volume: Volume): Promise<void> {
  const path = folderToRemove(volume);
  if (path === undefined) return;
  await rm(path, { recursive: true, force: true });
  await api.request('DELETE', `/api/v1/persistentvolumes/${volume.metadata.name}`);
}

await Promise.all([
  follow('/api/v1/persistentvolumeclaims', (claim) => provision(claim as Claim)),
  follow('/api/v1/persistentvolumes', (volume) => reclaim(volume as Volume)),
]);
