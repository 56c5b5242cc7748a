/**
 * The status of a ModelBackend – what servers route by –, its condition types and
 * their reasons, and the whole kind with its printer columns.
 */
import { z } from 'zod';
import { API_VERSION } from './group.ts';
import { type Kind, NAME_RULES } from './kind.ts';
import { modelBackendSpec, TASKS } from './modelbackend.ts';
import { condition } from './parts.ts';
import { listMap, withRules } from './schema.ts';

/** Condition types and the reasons that each may carry. Ready repeats the reason of what holds it back. */
export const MODEL_BACKEND_REASONS = {
  Accepted: ['Accepted', 'InvalidReference', 'NameConflict', 'UnsupportedCombination', 'SecretNotFound'],
  Reachable: [
    'Reachable',
    'ConnectionRefused',
    'TLSFailed',
    'Unauthorized',
    'Timeout',
    'NoEndpoints',
    'BadResponse',
    'Pending',
  ],
  ModelsLoaded: ['Loaded', 'Loading', 'LoadFailed', 'NotListed', 'Unverified', 'Pending'],
  Available: [
    'MinimumReplicasAvailable',
    'NoReadyPods',
    'ScaledToZero',
    'CrashLooping',
    'ImagePullFailed',
    'Unschedulable',
    'NotNeeded',
  ],
  Progressing: ['RollingOut', 'Complete', 'DeadlineExceeded', 'NotNeeded'],
  Degraded: ['AsExpected', 'ModelsMissing', 'ReplicasUnavailable', 'PreviousRevisionServing'],
  Ready: ['Serving'],
} as const;

export type ModelBackendConditionType = keyof typeof MODEL_BACKEND_REASONS;
export type ModelBackendReason = (typeof MODEL_BACKEND_REASONS)[ModelBackendConditionType][number];

export const MODEL_STATES = ['Pending', 'Loading', 'Loaded', 'Failed', 'Unknown'] as const;
export type ModelState = (typeof MODEL_STATES)[number];

const address = z.object({
  name: z.string().max(63).describe('Name of the address.'),
  protocol: z.enum(['OpenAI']).describe('What is spoken there.'),
  url: z.string().max(1024).describe('Base URL, without the path prefix.'),
  pathPrefix: z.string().max(128).default('').describe('Path before /v1.'),
});

const modelStatus = z.object({
  name: z.string().max(253).describe('Name by which routes refer to the model.'),
  upstreamName: z.string().max(253).describe('Name that the engine uses.'),
  state: z.enum(MODEL_STATES).describe('Whether requests may be sent.'),
  tasks: z.array(z.enum(TASKS)).max(3).describe('What the model can do.'),
  reason: z.string().max(512).optional().describe('Why the state is not Loaded.'),
});

export const modelBackendStatus = z
  .object({
    observedGeneration: z.int().min(0).optional().describe('metadata.generation that this status is about.'),
    addresses: listMap(address, ['name'], 4).optional().describe('How the backend is reached; stable, never a pod.'),
    models: listMap(modelStatus, ['name'], 64).optional().describe('The models and whether each can be used.'),
    replicas: z.int32().min(0).default(0).describe('Pods that exist.'),
    readyReplicas: z.int32().min(0).default(0).describe('Pods that are ready.'),
    selector: z.string().max(1024).optional().describe('Label selector of the pods, for the scale sub-resource.'),
    accelerator: z
      .object({
        resourceName: z.string().max(317).describe('Extended resource.'),
        count: z.int32().min(0).describe('Devices per pod.'),
      })
      .optional()
      .describe('Devices that each pod holds.'),
    lastFailure: z
      .object({
        reason: z.string().max(128).describe('Reason of the container, for example OOMKilled.'),
        message: z.string().max(2048).describe('Last words of the container.'),
        pod: z.string().max(253).describe('Pod that failed.'),
        exitCode: z.int32().optional().describe('Exit code of the container.'),
        time: z.iso.datetime().describe('When.'),
      })
      .optional()
      .describe('The last failure of a pod.'),
    conditions: listMap(condition(), ['type'], 16).optional().describe('What was observed.'),
  })
  .describe('What the operator observed.');

const root = withRules(
  z.object({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('ModelBackend'),
    metadata: z.looseObject({ name: z.string() }),
    spec: modelBackendSpec,
    status: modelBackendStatus.optional(),
  }),
  NAME_RULES,
);

export const modelBackend: Kind = {
  kind: 'ModelBackend',
  plural: 'modelbackends',
  singular: 'modelbackend',
  shortNames: ['mbe'],
  categories: ['mcpfleet'],
  schema: root,
  printerColumns: [
    { name: 'Type', type: 'string', jsonPath: '.spec.type', description: 'Who runs the model.' },
    {
      name: 'Protocol',
      type: 'string',
      jsonPath: '.spec.protocol',
      description: 'What the backend speaks.',
      priority: 1,
    },
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'Whether it answers.',
    },
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason', description: 'Why.' },
    { name: 'Replicas', type: 'integer', jsonPath: '.status.readyReplicas', description: 'Ready pods.' },
    { name: 'Models', type: 'string', jsonPath: '.status.models[*].name', description: 'Models.', priority: 1 },
    { name: 'URL', type: 'string', jsonPath: '.status.addresses[0].url', description: 'Base URL.' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Time since creation.' },
  ],
  scale: {
    specReplicasPath: '.spec.managed.replicas',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: '.status.selector',
  },
};

export type ModelBackendSpec = z.output<typeof modelBackendSpec>;
export type ModelBackendStatus = z.output<typeof modelBackendStatus>;
export type ModelBackend = z.output<typeof root>;
/** What a person may write: defaults left out. */
export type ModelBackendInput = z.input<typeof root>;

export const parseModelBackend = (value: unknown): ModelBackend => root.parse(value);
