/**
 * The pod of an engine: what the engine's launch says, restricted, with a read-only root, its model, its cache, its
 * devices, and time to drain. Must not know what differs between engines.
 */
import { seconds } from '#crds/duration.ts';
import { canonicalQuantity } from '#operator/kit/quantity.ts';
import type { Container, EnvVar, PodSpec, PodTemplateSpec, Probe, Volume } from '#operator/kit/wire.ts';
import { environmentVariables } from '#operator/workload/environment.ts';
import { type Workload, workloadLabels } from '#operator/workload/labels.ts';
import { type Mounted, volumeMounts } from '#operator/workload/mounts.ts';
import { containerResources, placement } from '#operator/workload/placement.ts';
import { CONFIG_HASH_ANNOTATION } from '#operator/workload/references.ts';
import { containerSecurityContext, podSecurityContext } from '#operator/workload/security.ts';
import { CACHE_FOLDER, type Launch, type Managed, MODELS_FOLDER } from '../engines/engine.ts';
import { CONTAINER } from '../names.ts';

export interface PodInputs {
  readonly workload: Workload;
  readonly managed: Managed;
  readonly launch: Launch;
  /** Name of the claim with the cache; a volume that goes with the pod without it. */
  readonly cacheClaim: string | undefined;
  /** Pods are replaced when it changes. */
  readonly configHash: string;
}

/**
 * Images of engines are made for root, whose home is in the image. Run as another user they find no entry in
 * /etc/passwd, so Python's getpass (torch asks it for the folder of its compiler) needs USER, and whatever writes below
 * a home – CUDA's and matplotlib's caches, settings, locks – needs HOME on a volume.
 */
const OWN_ENVIRONMENT: readonly EnvVar[] = [
  { name: 'HOME', value: '/tmp' },
  { name: 'USER', value: CONTAINER },
];

/** Everything that the operator sets in the container's environment. */
export const ownVariables = ({ env }: Launch): readonly EnvVar[] => [...OWN_ENVIRONMENT, ...env];

export function podTemplate(inputs: PodInputs): PodTemplateSpec {
  return {
    metadata: {
      labels: workloadLabels(inputs.workload),
      annotations: { [CONFIG_HASH_ANNOTATION]: inputs.configHash },
    },
    spec: podSpec(inputs),
  };
}

function podSpec(inputs: PodInputs): PodSpec {
  const { managed } = inputs;
  const mounted = volumes(inputs);
  return {
    automountServiceAccountToken: false,
    // A Service named vllm would set VLLM_PORT to something that vLLM does not understand.
    enableServiceLinks: false,
    terminationGracePeriodSeconds: seconds(managed.drain.terminationGracePeriod),
    securityContext: podSecurityContext(),
    ...placement(managed.scheduling, managed.accelerator),
    containers: [container(inputs, mounted)],
    volumes: mounted.map(({ volume }) => volume),
  };
}

/** Asked each second while it starts, so that a fast start counts at once. */
const STARTUP_PERIOD = 1;

function container({ managed, launch }: PodInputs, mounted: readonly Mounted[]): Container {
  const preStop = seconds(managed.drain.preStop);
  const probe: Probe = { ...launch.probe, timeoutSeconds: 3, successThreshold: 1 };
  return {
    name: CONTAINER,
    image: managed.image,
    imagePullPolicy: managed.imagePullPolicy,
    ...(launch.command === undefined ? {} : { command: launch.command }),
    args: [...launch.args, ...(managed.args ?? [])],
    ports: [{ name: 'http', containerPort: launch.port, protocol: 'TCP' }],
    env: [...ownVariables(launch), ...environmentVariables(managed.env)],
    resources: containerResources(managed.resources, managed.accelerator),
    startupProbe: {
      ...probe,
      periodSeconds: STARTUP_PERIOD,
      failureThreshold: Math.ceil(seconds(managed.startupTimeout) / STARTUP_PERIOD),
    },
    // No liveness probe: an engine that is busy for long would lose its model, and minutes with it.
    readinessProbe: { ...probe, periodSeconds: 5, failureThreshold: 2 },
    // Kubernetes before 1.34 refuses to sleep for zero seconds.
    ...(preStop === 0 ? {} : { lifecycle: { preStop: { sleep: { seconds: preStop } } } }),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: containerSecurityContext({ readOnlyRootFilesystem: true }),
    volumeMounts: volumeMounts(mounted),
  };
}

function volumes({ managed, cacheClaim }: PodInputs): readonly Mounted[] {
  const cache: Volume =
    cacheClaim === undefined
      ? { name: 'cache', emptyDir: {} }
      : { name: 'cache', persistentVolumeClaim: { claimName: cacheClaim } };
  return [
    { volume: { name: 'tmp', emptyDir: {} }, mountPath: '/tmp', readOnly: false },
    { volume: cache, mountPath: CACHE_FOLDER, readOnly: false },
    ...modelVolume(managed),
    ...sharedMemory(managed),
  ];
}

function modelVolume({ source }: Managed): readonly Mounted[] {
  if (source?.persistentVolumeClaim === undefined) return [];
  const { claimName } = source.persistentVolumeClaim;
  const volume = { name: 'models', persistentVolumeClaim: { claimName, readOnly: true } };
  return [{ volume, mountPath: MODELS_FOLDER, readOnly: true }];
}

/** Processes of several devices exchange tensors through /dev/shm, of which a container has 64 MiB by itself. */
function sharedMemory({ sharedMemory: size, accelerator }: Managed): readonly Mounted[] {
  const devices = accelerator?.count ?? 0;
  if (size === undefined && devices < 2) return [];
  const sizeLimit = canonicalQuantity(size ?? `${devices}Gi`);
  return [
    {
      volume: { name: 'shared-memory', emptyDir: { medium: 'Memory', sizeLimit } },
      mountPath: '/dev/shm',
      readOnly: false,
    },
  ];
}
