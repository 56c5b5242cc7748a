/**
 * A claim for a workload's own volume. Whether it goes with its owner is said by the metadata: a claim that is to be
 * retained has no owner and is known by its labels (retained.ts).
 */
import { apiVersionOf, type ObjectMeta } from '#operator/kit/object.ts';
import { canonicalQuantity } from '#operator/kit/quantity.ts';
import { persistentVolumeClaims } from '#operator/kit/resources.ts';
import type { PersistentVolumeClaim } from '#operator/kit/wire.ts';

export interface Volume {
  readonly size: string;
  readonly storageClassName?: string | undefined;
  readonly accessMode: 'ReadWriteOnce' | 'ReadWriteMany';
}

export function persistentVolumeClaim(metadata: ObjectMeta, volume: Volume): PersistentVolumeClaim {
  return {
    apiVersion: apiVersionOf(persistentVolumeClaims),
    kind: persistentVolumeClaims.kind,
    metadata,
    spec: {
      accessModes: [volume.accessMode],
      resources: { requests: { storage: canonicalQuantity(volume.size) } },
      ...(volume.storageClassName === undefined ? {} : { storageClassName: volume.storageClassName }),
      volumeMode: 'Filesystem',
    },
  };
}
