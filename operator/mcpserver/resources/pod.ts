/**
 * The pod of a server: one container, restricted, with a read-only root. What a user adds never takes the place of what
 * is set here. What it mounts stands in `volumes.ts`.
 */
import { seconds } from '#crds/duration.ts';
import type { Container, PodSpec, PodTemplateSpec, Probe } from '#operator/kit/wire.ts';
import type { CachedMcpServer } from '#operator/workload/customresources.ts';
import { environmentSources, environmentVariables, podField } from '#operator/workload/environment.ts';
import { workloadLabels } from '#operator/workload/labels.ts';
import { type Mounted, volumeMounts } from '#operator/workload/mounts.ts';
import { containerResources, placement } from '#operator/workload/placement.ts';
import { CONFIG_HASH_ANNOTATION } from '#operator/workload/references.ts';
import { containerSecurityContext, podSecurityContext } from '#operator/workload/security.ts';
import type { Credential } from '../backends.ts';
import { CONFIG_FOLDER, CONFIG_KEY, CONTAINER, PORTS, workloadOf } from '../names.ts';
import { volumes } from './volumes.ts';

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
    automountServiceAccountToken: asksTheApi(spec),
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

/** ModelBackends are read with the pod's token, and the keys of the cluster's own token issuer. */
const asksTheApi = ({ backends, auth }: CachedMcpServer['spec']): boolean =>
  backends !== undefined || auth.type === 'KubernetesServiceAccount';

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
