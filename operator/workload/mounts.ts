/**
 * Volumes of a pod together with the place at which its container sees them.
 */
import type { Container, Volume } from '#operator/kit/wire.ts';

export interface Mounted {
  readonly volume: Volume;
  readonly mountPath: string;
  readonly readOnly: boolean;
}

export const volumeMounts = (mounted: readonly Mounted[]): NonNullable<Container['volumeMounts']> =>
  mounted.map(({ volume, mountPath, readOnly }) => ({
    name: volume.name,
    mountPath,
    ...(readOnly ? { readOnly } : {}),
  }));
