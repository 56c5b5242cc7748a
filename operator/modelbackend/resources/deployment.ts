/**
 * The Deployment of a managed engine: the engine's plan in a restricted pod, with its
 * model, its cache, its devices, and time to drain. Pure.
 */
import { seconds } from '#crds/duration.ts';
import { apiVersionOf, type ObjectMeta } from '#operator/kit/object.ts';
import { canonicalQuantity } from '#operator/kit/quantity.ts';
import { deployments } from '#operator/kit/resources.ts';
import type { Container, Deployment, PodSpec, Volume } from '#operator/kit/wire.ts';
import { environmentVariables } from '#operator/workload/environment.ts';
import { selectorLabels, type Workload, workloadLabels } from '#operator/workload/labels.ts';
import { containerResources, placement } from '#operator/workload/placement.ts';
import { containerSecurityContext, podSecurityContext } from '#operator/workload/security.ts';
import { CACHE_FOLDER, type Managed, MODELS_FOLDER, type Model, type Plan } from '../engines/engine.ts';
import { engines } from '../engines/registry.ts';

/** Seconds between two looks at whether an engine has started. */
const STARTUP_PERIOD = 5;

export interface DeploymentOptions {
  readonly metadata: ObjectMeta;
  readonly workload: Workload;
  readonly managed: Managed;
  readonly models: readonly Model[];
  /** Claim with the cache; a volume that goes with the pod without it. */
  readonly cacheClaim: string | undefined;
  /** Left out of the intent where something else decides. */
  readonly replicas: number | undefined;
}

export function deployment(options: DeploymentOptions): Deployment {
  const { metadata, workload, managed, models, replicas } = options;
  const plan = engines[managed.engine](managed, models);
  return {
    apiVersion: apiVersionOf(deployments),
    kind: deployments.kind,
    metadata,
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      selector: { matchLabels: selectorLabels(workload) },
      strategy: { type: 'RollingUpdate', rollingUpdate: rollingUpdate(managed) },
      // A model that is still loading is progress; the deadline begins where the start-up's ends.
      progressDeadlineSeconds: seconds(managed.startupTimeout) + 60,
      revisionHistoryLimit: 3,
      template: { metadata: { labels: workloadLabels(workload) }, spec: podSpec(options, plan) },
    },
  };
}

/** A volume for one pod cannot be shared with its successor, so the old pod goes first. */
function rollingUpdate({ cache, rollout }: Managed) {
  if (cache?.accessMode === 'ReadWriteOnce') return { maxSurge: 0, maxUnavailable: 1 };
  return { maxSurge: rollout.maxSurge, maxUnavailable: rollout.maxUnavailable };
}

function podSpec(options: DeploymentOptions, plan: Plan): PodSpec {
  const { managed } = options;
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...placement(managed.scheduling, managed.accelerator),
    securityContext: podSecurityContext(),
    terminationGracePeriodSeconds: seconds(managed.drain.terminationGracePeriod),
    containers: [container(options, plan)],
    volumes: volumes(options),
  };
}

function container({ managed }: DeploymentOptions, plan: Plan): Container {
  return {
    name: 'engine',
    image: managed.image,
    imagePullPolicy: managed.imagePullPolicy,
    ...(plan.command === undefined ? {} : { command: plan.command }),
    args: [...plan.args, ...(managed.args ?? [])],
    ports: [{ name: 'http', containerPort: plan.port, protocol: 'TCP' }],
    // Engines ask for a home and a user name, which an arbitrary user id has not.
    env: [
      { name: 'HOME', value: '/tmp' },
      { name: 'USER', value: 'engine' },
      ...plan.env,
      ...environmentVariables(managed.env),
    ],
    resources: containerResources(managed.resources, managed.accelerator),
    startupProbe: {
      ...plan.probe,
      periodSeconds: STARTUP_PERIOD,
      timeoutSeconds: 3,
      successThreshold: 1,
      failureThreshold: Math.ceil(seconds(managed.startupTimeout) / STARTUP_PERIOD),
    },
    readinessProbe: { ...plan.probe, periodSeconds: 5, timeoutSeconds: 3, successThreshold: 1, failureThreshold: 2 },
    lifecycle: { preStop: { sleep: { seconds: seconds(managed.drain.preStop) } } },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: containerSecurityContext({ readOnlyRootFilesystem: true }),
    volumeMounts: volumeMounts(managed),
  };
}

function volumeMounts({ source, accelerator, sharedMemory }: Managed): NonNullable<Container['volumeMounts']> {
  return [
    { name: 'tmp', mountPath: '/tmp' },
    { name: 'cache', mountPath: CACHE_FOLDER },
    ...(source?.persistentVolumeClaim ? [{ name: 'models', mountPath: MODELS_FOLDER, readOnly: true }] : []),
    ...(sharedMemorySize(accelerator, sharedMemory) === undefined
      ? []
      : [{ name: 'shared-memory', mountPath: '/dev/shm' }]),
  ];
}

function volumes({ managed, cacheClaim }: DeploymentOptions): readonly Volume[] {
  const claim = managed.source?.persistentVolumeClaim;
  const shared = sharedMemorySize(managed.accelerator, managed.sharedMemory);
  return [
    { name: 'tmp', emptyDir: {} },
    cacheClaim === undefined
      ? { name: 'cache', emptyDir: {} }
      : { name: 'cache', persistentVolumeClaim: { claimName: cacheClaim } },
    ...(claim === undefined
      ? []
      : [{ name: 'models', persistentVolumeClaim: { claimName: claim.claimName, readOnly: true } }]),
    ...(shared === undefined ? [] : [{ name: 'shared-memory', emptyDir: { medium: 'Memory', sizeLimit: shared } }]),
  ];
}

/** Processes of several devices exchange tensors through /dev/shm, of which a container has 64 MiB by itself. */
function sharedMemorySize(accelerator: Managed['accelerator'], size: string | undefined): string | undefined {
  if (size !== undefined) return canonicalQuantity(size);
  return accelerator !== undefined && accelerator.count > 1 ? `${accelerator.count}Gi` : undefined;
}
