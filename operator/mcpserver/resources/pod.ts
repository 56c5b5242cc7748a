/**
 * The pod of a server: one container, restricted, with a read-only root. What a user adds never takes the place of what
 * is set here. Where things are mounted is the contract of `server/config-from-spec.ts`.
 */
import { dirname } from 'node:path/posix';
import { seconds } from '#crds/duration.ts';
import { canonicalQuantity } from '#operator/kit/quantity.ts';
import type { Container, PodSpec, PodTemplateSpec, Probe, Volume } from '#operator/kit/wire.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import { environmentSources, environmentVariables, podField } from '#operator/workload/environment.ts';
import { workloadLabels } from '#operator/workload/labels.ts';
import { type Mounted, volumeMounts } from '#operator/workload/mounts.ts';
import { containerResources, placement } from '#operator/workload/placement.ts';
import { CONFIG_HASH_ANNOTATION } from '#operator/workload/references.ts';
import { containerSecurityContext, podSecurityContext, SECRET_FILE_MODE } from '#operator/workload/security.ts';
import { POD } from '#server/config-from-spec.ts';
import type { Credential } from '../backends.ts';
import { CONFIG_FOLDER, CONFIG_KEY, CONTAINER, PORTS, SEALING_KEY, SUFFIX, workloadOf } from '../names.ts';
import { embeddedStorage } from '../replicas.ts';

export interface PodInputs {
  readonly image: string;
  /** Pods are replaced when it changes. */
  readonly configHash: string;
  readonly credentials: readonly Credential[];
}

/** Variables that every pod has. */
const OWN_ENVIRONMENT = [
  podField('POD_NAME', 'metadata.name'),
  podField('POD_NAMESPACE', 'metadata.namespace'),
  podField('POD_IP', 'status.podIP'),
];
export const isOwnVariable = (name: string): boolean => OWN_ENVIRONMENT.some((own) => own.name === name);

export function podTemplate(server: CachedMcpServer, inputs: PodInputs): PodTemplateSpec {
  const { podTemplate: additions } = server.spec;
  return {
    metadata: {
      labels: { ...additions?.labels, ...workloadLabels(workloadOf(server)) },
      annotations: { ...additions?.annotations, [CONFIG_HASH_ANNOTATION]: inputs.configHash },
    },
    spec: podSpec(server, inputs),
  };
}

function podSpec(server: CachedMcpServer, inputs: PodInputs): PodSpec {
  const { spec, metadata } = server;
  const mounted = volumes(server, inputs.credentials);
  return {
    serviceAccountName: metadata.name,
    automountServiceAccountToken: spec.backends !== undefined,
    // Variables for every Service of the namespace would only slow the start and blur the environment.
    enableServiceLinks: false,
    terminationGracePeriodSeconds: seconds(spec.rollout.terminationGracePeriod),
    securityContext: podSecurityContext(),
    ...(spec.imagePullSecrets === undefined || spec.imagePullSecrets.length === 0
      ? {}
      : { imagePullSecrets: spec.imagePullSecrets }),
    ...placement(spec.scheduling, spec.accelerator),
    containers: [container(server, inputs.image, mounted)],
    volumes: mounted.map(({ volume }) => volume),
  };
}

const probe = (path: '/healthz' | '/readyz', periodSeconds: number, failureThreshold: number): Probe => ({
  httpGet: { path, port: 'health', scheme: 'HTTP' },
  periodSeconds,
  timeoutSeconds: 2,
  failureThreshold,
});

function container({ spec }: CachedMcpServer, image: string, mounted: readonly Mounted[]): Container {
  const envFrom = environmentSources(spec.podTemplate?.envFrom);
  return {
    name: CONTAINER,
    image,
    imagePullPolicy: spec.imagePullPolicy,
    args: ['--config', `${CONFIG_FOLDER}/${CONFIG_KEY}`],
    ports: [
      { name: 'http', containerPort: PORTS.http, protocol: 'TCP' },
      { name: 'health', containerPort: PORTS.health, protocol: 'TCP' },
    ],
    env: [
      ...OWN_ENVIRONMENT,
      ...environmentVariables(spec.podTemplate?.env).filter(({ name }) => !isOwnVariable(name)),
    ],
    ...(envFrom.length === 0 ? {} : { envFrom }),
    resources: containerResources(spec.resources, spec.accelerator),
    // Two minutes to start, asked each second, so that a fast start counts at once.
    startupProbe: probe('/healthz', 1, 120),
    readinessProbe: probe('/readyz', 2, 2),
    livenessProbe: probe('/healthz', 10, 3),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: containerSecurityContext({ readOnlyRootFilesystem: true }),
    volumeMounts: volumeMounts(mounted),
  };
}

function volumes(server: CachedMcpServer, credentials: readonly Credential[]): readonly Mounted[] {
  return [
    { volume: configVolume(server.metadata.name), mountPath: CONFIG_FOLDER, readOnly: true },
    { volume: { name: 'tmp', emptyDir: {} }, mountPath: '/tmp', readOnly: false },
    ...storageVolume(server),
    ...credentialsVolume(credentials),
  ];
}

/** One projection for both: a volume of its own for the keys could not be mounted inside a read-only one. */
const configVolume = (name: string): Volume => ({
  name: 'config',
  projected: {
    defaultMode: SECRET_FILE_MODE,
    sources: [
      { configMap: { name: `${name}${SUFFIX.config}`, items: [{ key: CONFIG_KEY, path: CONFIG_KEY }] } },
      { secret: { name: `${name}${SUFFIX.keys}`, items: [{ key: SEALING_KEY, path: keyFile }] } },
    ],
  },
});
const keyFile = `${POD.keysDirectory.slice(CONFIG_FOLDER.length + 1)}/${SEALING_KEY}`;

function storageVolume({ spec, metadata }: CachedMcpServer): readonly Mounted[] {
  const embedded = embeddedStorage(spec);
  if (embedded !== undefined) {
    const volume: Volume = embedded.ephemeral
      ? { name: 'data', emptyDir: { sizeLimit: canonicalQuantity(embedded.size) } }
      : { name: 'data', persistentVolumeClaim: { claimName: `${metadata.name}${SUFFIX.data}` } };
    return [{ volume, mountPath: dirname(POD.databasePath), readOnly: false }];
  }
  if (spec.storage.postgres === undefined) return [];
  const { name, key } = spec.storage.postgres.urlSecretRef;
  const items = [{ key, path: POD.postgresUrlFile.slice(dirname(POD.postgresUrlFile).length + 1) }];
  const volume = { name: 'postgres', secret: { secretName: name, defaultMode: SECRET_FILE_MODE, items } };
  return [{ volume, mountPath: dirname(POD.postgresUrlFile), readOnly: true }];
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
