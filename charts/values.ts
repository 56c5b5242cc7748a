/**
 * The values of the two charts: what may be set, what it means and what it is otherwise. `values.yaml`, the schema that
 * makes Helm refuse a misspelt value, and the README's tables are generated from here. Knows nothing of the templates.
 */
import { z } from 'zod';

const strings = z.record(z.string(), z.string());
/** A part of the Kubernetes API that goes into the pod as it is; the API server checks it. */
const anyObject = z.record(z.string(), z.unknown());
const quantities = z.record(z.string(), z.union([z.string(), z.number()]));
const duration = z.string().regex(/^([0-9]+(ms|s|m))+$/);

const image = (repository: string, of: string) => ({
  repository: z.string().min(1).default(repository).describe(`Where the image of ${of} is.`),
  tag: z.string().default('dev').describe('Its tag.'),
  digest: z
    .string()
    .regex(/^(sha256:[0-9a-f]{64})?$/)
    .default('')
    .describe('Its digest (`sha256:…`); goes before the tag.'),
});

/** Helm gives every chart a `global`, be it used or not. */
const global = anyObject.optional().describe('Not used; Helm passes it to every chart.');

export const operatorValues = z.strictObject({
  global,
  image: z
    .strictObject({
      ...image('mcpfleet.local/operator', 'the operator'),
      pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent').describe('When it is pulled.'),
    })
    .describe("The operator's image."),
  serverImage: z
    .strictObject(image('mcpfleet.local/server', 'the MCP servers'))
    .describe('The image of each McpServer that does not name one.'),
  conformanceImage: z
    .strictObject(image('mcpfleet.local/conformance', 'the conformance suite'))
    .describe('The image that examines an McpServer on demand.'),
  imagePullSecrets: z
    .array(z.strictObject({ name: z.string().min(1) }))
    .default([])
    .describe("Secrets with which the operator's image is pulled, as `[{name: …}]`."),
  fullnameOverride: z
    .string()
    .max(50)
    .default('')
    .describe('Name of the objects of this chart; otherwise that of the release.'),
  replicas: z
    .int()
    .min(0)
    .max(9)
    .default(1)
    .describe('Operator pods. One of them works, the others stand by; a disruption budget lets go one at a time.'),
  watchNamespaces: z
    .array(z.string().min(1).max(63))
    .default([])
    .describe(
      'The only namespaces the operator looks at. They must exist. Then it has Roles in them and no ClusterRole; empty means all.',
    ),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Least severe lines that are logged.'),
  workers: z.int().min(1).max(1000).default(32).describe('Objects of a kind that are worked on at a time.'),
  leaderElection: z
    .strictObject({
      leaseDuration: duration.default('5s').describe('After which a silent leader is succeeded.'),
      renewDeadline: duration
        .default('3500ms')
        .describe('After which a leader that cannot renew stops; less than leaseDuration.'),
      retryPeriod: duration.default('500ms').describe('Between renewals; at most half of renewDeadline.'),
    })
    .describe('How the operator pods agree on who works.'),
  resources: z
    .strictObject({ requests: quantities.optional(), limits: quantities.optional() })
    .default({ requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } })
    .describe('Requests and limits of the operator.'),
  extraEnv: z
    .array(anyObject)
    .default([])
    .describe('More environment variables of the operator, such as a proxy, as in a container.'),
  terminationGracePeriodSeconds: z.int().min(1).max(600).default(30).describe('For work under way to end.'),
  serviceAccount: z
    .strictObject({
      create: z.boolean().default(true).describe('Make one; otherwise `name` must exist.'),
      name: z.string().max(253).default('').describe('Its name; otherwise that of the other objects.'),
      annotations: strings.default({}).describe('Its annotations.'),
    })
    .describe('As which the operator talks to the API server.'),
  podAnnotations: strings.default({}).describe('Annotations of the operator pods.'),
  podLabels: strings.default({}).describe('More labels of the operator pods.'),
  nodeSelector: strings.default({}).describe('Labels of the nodes on which the operator may run.'),
  tolerations: z.array(anyObject).default([]).describe('Taints that the operator tolerates.'),
  affinity: anyObject.default({}).describe('Affinity of the operator pods; otherwise they keep to different nodes.'),
  priorityClassName: z.string().default('').describe('Priority of the operator pods.'),
  metrics: z
    .strictObject({ service: z.boolean().default(true).describe('Make a Service for the metrics.') })
    .describe('Metrics are served at `/metrics` on port 8081.'),
  serviceMonitor: z
    .strictObject({
      enabled: z.boolean().default(false).describe('Make one; the cluster must know the Prometheus operator.'),
      interval: duration.default('30s').describe('Between two scrapes.'),
      labels: strings.default({}).describe('Labels by which your Prometheus chooses it.'),
    })
    .describe('A ServiceMonitor of the Prometheus operator.'),
});

export const crdValues = z.strictObject({
  global,
  keep: z
    .boolean()
    .default(true)
    .describe(
      'Leave the CRDs, and with them every McpServer and ModelBackend, in place when the chart is uninstalled.',
    ),
  aggregateRoles: z
    .boolean()
    .default(true)
    .describe('Who may view or edit a namespace (ClusterRoles `view`, `edit`, `admin`) may do so with both kinds.'),
});
