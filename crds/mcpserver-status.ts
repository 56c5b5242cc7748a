/**
 * The status of an McpServer, its condition types and their reasons, and the whole
 * kind with its printer columns. Says which words exist; the operator decides when
 * each one is true.
 */
import { z } from 'zod';
import { API_VERSION } from './group.ts';
import { type Kind, NAME_RULES } from './kind.ts';
import { mcpServerSpec } from './mcpserver.ts';
import { condition } from './parts.ts';
import { listMap, withRules } from './schema.ts';

/** Condition types and the reasons that each may carry. Ready repeats the reason of what holds it back. */
export const MCP_SERVER_REASONS = {
  Accepted: ['Accepted', 'InvalidReference', 'NameConflict', 'UnsupportedCombination', 'SecretNotFound'],
  Available: [
    'MinimumReplicasAvailable',
    'NoReadyPods',
    'Suspended',
    'CrashLooping',
    'ImagePullFailed',
    'Unschedulable',
  ],
  BackendsReady: ['AllReady', 'SomeUnavailable', 'NoneAvailable', 'NotNeeded'],
  Exposed: ['Admitted', 'NotNeeded', 'WaitingForController', 'HostConflict'],
  Verified: ['Answered', 'HandshakeFailed', 'Timeout', 'Pending'],
  Progressing: ['RollingOut', 'Complete', 'DeadlineExceeded'],
  Degraded: ['AsExpected', 'BackendsUnavailable', 'ReplicasUnavailable', 'PreviousRevisionServing'],
  Ready: ['Ready'],
} as const;

export type McpServerConditionType = keyof typeof MCP_SERVER_REASONS;
export type McpServerReason = (typeof MCP_SERVER_REASONS)[McpServerConditionType][number];

export const MAX_STATUS_TOOLS = 512;

const tool = z.object({
  name: z.string().max(128).describe('Name of the tool.'),
  hash: z.string().max(80).describe('sha256 over description and schemas; changes when the tool changes.'),
});

const backendState = z.object({
  name: z.string().max(253).describe('Name of the ModelBackend.'),
  ready: z.boolean().describe('Whether the server may route to it.'),
  reason: z.string().max(128).describe('Reason of its Ready condition, or NotFound.'),
  models: z.array(z.string().max(253)).max(64).describe('Models that can be routed to.'),
});

export const MAX_FAILED_SCENARIOS = 10;
const scenarios = () => z.int32().min(0).max(10_000).optional();

const conformance = z.object({
  request: z.string().max(256).describe('Value of the annotation that asked for it.'),
  image: z.string().max(512).optional().describe('Image of the server that was examined.'),
  version: z.string().max(128).optional().describe('Version of the conformance suite.'),
  passed: scenarios().describe('Scenarios that passed.'),
  total: scenarios().describe('Scenarios that ran.'),
  failed: z
    .array(z.string().max(128))
    .max(MAX_FAILED_SCENARIOS)
    .optional()
    .describe('Scenarios that did not pass; the first ten.'),
  time: z.iso.datetime().describe('When the result came in.'),
  message: z.string().max(1024).describe('The result as a sentence, with the cure where there is one.'),
});

export const mcpServerStatus = z
  .object({
    observedGeneration: z.int().min(0).optional().describe('metadata.generation that this status is about.'),
    url: z.string().max(1024).optional().describe('URL for MCP clients.'),
    address: z.string().max(1024).optional().describe('URL within the cluster.'),
    replicas: z.int32().min(0).default(0).describe('Pods that exist.'),
    readyReplicas: z.int32().min(0).default(0).describe('Pods that are ready.'),
    selector: z.string().max(1024).optional().describe('Label selector of the pods, for the scale sub-resource.'),
    version: z.string().max(128).optional().describe('Version that the running image reported.'),
    protocol: z
      .object({
        versions: z.array(z.string().max(32)).max(16).describe('MCP revisions that the server answered with.'),
        serverName: z.string().max(128).describe('Name that the server gave itself.'),
      })
      .optional()
      .describe('What the server said of itself.'),
    tools: listMap(tool, ['name'], MAX_STATUS_TOOLS).optional().describe('Tools that the server lists.'),
    backends: listMap(backendState, ['name'], 64).optional().describe('ModelBackends that the server may use.'),
    conformance: conformance
      .optional()
      .describe(
        'The last examination by the conformance suite; the annotation mcpfleet.dev/verify-conformance asks for one.',
      ),
    conditions: listMap(condition(), ['type'], 16).optional().describe('What was observed.'),
  })
  .describe('What the operator observed.');

const root = withRules(
  z.object({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('McpServer'),
    metadata: z.looseObject({ name: z.string() }),
    spec: mcpServerSpec,
    status: mcpServerStatus.optional(),
  }),
  NAME_RULES,
);

export const mcpServer: Kind = {
  kind: 'McpServer',
  plural: 'mcpservers',
  singular: 'mcpserver',
  shortNames: ['mcps'],
  categories: ['mcpfleet'],
  schema: root,
  printerColumns: [
    {
      name: 'Ready',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      description: 'Whether clients are served.',
    },
    { name: 'Reason', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].reason', description: 'Why.' },
    { name: 'Replicas', type: 'integer', jsonPath: '.status.readyReplicas', description: 'Ready pods.' },
    {
      name: 'Degraded',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Degraded")].reason',
      description: 'What is missing.',
      priority: 1,
    },
    { name: 'Tools', type: 'string', jsonPath: '.status.tools[*].name', description: 'Tools.', priority: 1 },
    { name: 'URL', type: 'string', jsonPath: '.status.url', description: 'URL for MCP clients.' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Time since creation.' },
  ],
  scale: {
    specReplicasPath: '.spec.replicas',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: '.status.selector',
  },
};

export type McpServerSpec = z.output<typeof mcpServerSpec>;
export type McpServerStatus = z.output<typeof mcpServerStatus>;
export type McpServer = z.output<typeof root>;
/** What a person may write: defaults left out. */
export type McpServerInput = z.input<typeof root>;

export const parseMcpServer = (value: unknown): McpServer => root.parse(value);
