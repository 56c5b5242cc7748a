/**
 * What a server's pod mounts: its configuration and keys, its data, the Secrets and skills that the spec names. Where
 * things are is the contract of `server/config-from-spec.ts`.
 */
import { basename, dirname } from 'node:path/posix';
import { canonicalQuantity } from '#operator/kit/quantity.ts';
import type { Volume, VolumeProjection } from '#operator/kit/wire.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import type { Mounted } from '#operator/workload/mounts.ts';
import { SECRET_FILE_MODE } from '#operator/workload/security.ts';
import { POD } from '#server/config-from-spec.ts';
import type { Credential } from '../backends.ts';
import { CONFIG_FOLDER, CONFIG_KEY, PREVIOUS_SEALING_KEY, SEALING_KEY, SUFFIX } from '../names.ts';
import { embeddedStorage } from '../replicas.ts';

export function volumes(server: CachedMcpServer, credentials: readonly Credential[]): readonly Mounted[] {
  const { spec, metadata } = server;
  return [
    { volume: configVolume(metadata.name), mountPath: CONFIG_FOLDER, readOnly: true },
    { volume: { name: 'tmp', emptyDir: {} }, mountPath: '/tmp', readOnly: false },
    ...storageVolume(server),
    ...secretVolume('redis', [{ file: POD.redisUrlFile, secret: spec.redis?.urlSecretRef }]),
    ...secretVolume('auth', [
      { file: POD.signingKeyFile, secret: spec.auth.builtIn?.signingKeySecretRef },
      { file: POD.bootstrapAdminFile, secret: spec.auth.builtIn?.bootstrapAdminSecretRef },
    ]),
    ...skillVolumes(server),
    ...credentialsVolume(credentials),
  ];
}

/**
 * One projection for both: a volume of its own for the keys could not be mounted inside a read-only one. The previous
 * key is there only while keys are exchanged; pods see it come and go without being replaced.
 */
function configVolume(name: string): Volume {
  const keys = `${name}${SUFFIX.keys}`;
  return {
    name: 'config',
    projected: {
      defaultMode: SECRET_FILE_MODE,
      sources: [
        { configMap: { name: `${name}${SUFFIX.config}`, items: [{ key: CONFIG_KEY, path: CONFIG_KEY }] } },
        { secret: { name: keys, items: [keyFile(SEALING_KEY)] } },
        { secret: { name: keys, items: [keyFile(PREVIOUS_SEALING_KEY)], optional: true } },
      ],
    },
  };
}

const keyFile = (key: string) => ({ key, path: `${POD.keysDirectory.slice(CONFIG_FOLDER.length + 1)}/${key}` });

function storageVolume({ spec, metadata }: CachedMcpServer): readonly Mounted[] {
  const embedded = embeddedStorage(spec);
  if (embedded !== undefined) {
    const volume: Volume = embedded.ephemeral
      ? { name: 'data', emptyDir: { sizeLimit: canonicalQuantity(embedded.size) } }
      : { name: 'data', persistentVolumeClaim: { claimName: `${metadata.name}${SUFFIX.data}` } };
    return [{ volume, mountPath: dirname(POD.databasePath), readOnly: false }];
  }
  return secretVolume('postgres', [{ file: POD.postgresUrlFile, secret: spec.storage.postgres?.urlSecretRef }]);
}

interface SecretFile {
  readonly file: string;
  readonly secret: { readonly name: string; readonly key: string } | undefined;
}

/** A volume with these files, all of one folder; none where no Secret is named. */
function secretVolume(name: string, files: readonly SecretFile[]): readonly Mounted[] {
  const items = files.flatMap(({ file, secret }) =>
    secret === undefined ? [] : [{ secret: secret.name, mountPath: dirname(file), item: item(secret.key, file) }],
  );
  const [first, ...others] = items;
  if (first === undefined) return [];
  const source: Omit<Volume, 'name'> =
    others.length === 0
      ? { secret: { secretName: first.secret, defaultMode: SECRET_FILE_MODE, items: [first.item] } }
      : {
          projected: {
            defaultMode: SECRET_FILE_MODE,
            sources: items.map(({ secret, item }): VolumeProjection => ({ secret: { name: secret, items: [item] } })),
          },
        };
  return [{ volume: { name, ...source }, mountPath: first.mountPath, readOnly: true }];
}

const item = (key: string, file: string) => ({ key, path: basename(file) });

/** A volume for each, since a ConfigMap has no folders. */
function skillVolumes({ spec }: CachedMcpServer): readonly Mounted[] {
  return (spec.skills ?? []).map(({ name, configMap, persistentVolumeClaim }) => {
    const volume: Volume = {
      name: `skill-${name}`,
      ...(configMap === undefined ? {} : { configMap: { name: configMap.name, defaultMode: SECRET_FILE_MODE } }),
      ...(persistentVolumeClaim === undefined
        ? {}
        : { persistentVolumeClaim: { claimName: persistentVolumeClaim.name, readOnly: true } }),
    };
    return { volume, mountPath: `${POD.skillsDirectory}/${name}`, readOnly: true };
  });
}

/** Optional, so that a backend whose Secret is missing keeps no pod from starting. */
function credentialsVolume(credentials: readonly Credential[]): readonly Mounted[] {
  if (credentials.length === 0) return [];
  const sources = credentials.map(({ backend, secret }) => ({
    secret: { name: secret.name, items: [{ key: secret.key, path: `${backend}/token` }], optional: true },
  }));
  const volume = { name: 'model-credentials', projected: { defaultMode: SECRET_FILE_MODE, sources } };
  return [{ volume, mountPath: POD.credentialsDirectory, readOnly: true }];
}
