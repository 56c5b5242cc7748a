/**
 * The claim for embedded storage. Retained, it has no owner, so that garbage collection leaves it when the server goes.
 */
import type { PersistentVolumeClaim } from '#operator/kit/wire.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import { persistentVolumeClaim } from '#operator/workload/persistentvolumeclaim.ts';
import { childMetadata, ownerlessMetadata, SUFFIX } from '../names.ts';
import { embeddedStorage } from '../replicas.ts';

/** Undefined where the server needs no volume. */
export function dataVolume(server: CachedMcpServer): PersistentVolumeClaim | undefined {
  const embedded = embeddedStorage(server.spec);
  if (embedded === undefined || embedded.ephemeral) return undefined;
  const { size, storageClassName, retain } = embedded;
  const metadata = (retain ? ownerlessMetadata : childMetadata)(server, SUFFIX.data);
  return persistentVolumeClaim(metadata, { size, storageClassName, accessMode: 'ReadWriteOnce' });
}
