/**
 * McpServer: a fleet of identical MCP server pods. The schema of its spec and the
 * rules between its fields; must not know how the operator acts on any of it.
 */
import { z } from 'zod';
import { auth, ISSUER_PATHS } from './auth.ts';
import { milliseconds } from './duration.ts';
import { exposure } from './exposure.ts';
import {
  accelerator,
  duration,
  environment,
  imagePullPolicy,
  label,
  labelMap,
  localReference,
  positiveDuration,
  quantity,
  scheduling,
  secretKey,
  stringMap,
} from './parts.ts';
import { backends, inference } from './routing.ts';
import { autoscaling, podDisruptionBudget, replicas, resources, SCALING_RULES, severalPods } from './scaling.ts';
import { intOrString, listMap, listSet, opaque, withRules } from './schema.ts';
import { skills } from './skills.ts';
import { storage } from './storage.ts';

const toolset = z.object({
  name: label().describe('Toolset to serve, for example tasks.'),
  config: opaque()
    .optional()
    .describe("Settings of the toolset; unknown ones are refused by the toolset's own schema."),
});

const ADDRESS_OR_RANGE = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

const addressOrRange = () =>
  withRules(z.string().min(2).max(43), [
    {
      rule: 'isIP(self) || isCIDR(self)',
      message: 'must be an address or a range of addresses, such as 192.168.1.7 or 10.244.0.0/16',
      test: (text) => ADDRESS_OR_RANGE.safeParse(text).success,
    },
  ]);

const limits = z
  .object({
    requestBody: quantity().default('4Mi').describe('Largest request body.'),
    callTimeout: positiveDuration().default('120s').describe('Longest time for one tool call.'),
    maxInFlight: z
      .int32()
      .min(1)
      .max(100_000)
      .default(256)
      .describe('Requests that a pod works on at a time; more are told to come back.'),
    requestsPerMinutePerCaller: z
      .int32()
      .min(0)
      .max(1_000_000)
      .default(0)
      .describe(
        'Requests of one caller in a minute, over all pods where there is a redis, else in each; 0 is no limit.',
      ),
    maxSessions: z
      .int32()
      .min(1)
      .max(100_000)
      .default(1000)
      .describe(
        'Sessions of clients of older protocol revisions that a pod keeps. When all are taken, the caller who holds the most makes room; callers without identity are one.',
      ),
    maxSubscriptions: z
      .int32()
      .min(1)
      .max(100_000)
      .default(1024)
      .describe(
        'Streams of events that a pod keeps open. Where callers are known, one who has more than half of them gets none of the last tenth.',
      ),
    trustedProxies: listSet(addressOrRange(), 16)
      .optional()
      .describe(
        'Addresses or ranges (CIDR) of proxies in front. The address of an anonymous caller, whose budget it is, is then read from their X-Forwarded-For; nobody else is believed.',
      ),
  })
  .describe('Bounds on what a pod takes on, and on what one caller may ask.');

/** What a stopping pod takes beside its drain and its longest call: 5 s for busy connections, 10 s for streams, 1 s to end. */
export const STOP_MARGIN = '16s';

const rollout = z
  .object({
    maxSurge: intOrString().default('25%').describe('Extra pods during a rollout, as a number or percentage.'),
    drain: duration().default('10s').describe('How long a stopping pod still answers, while endpoints change.'),
    terminationGracePeriod: positiveDuration().default('150s').describe('Time after which a stopping pod is killed.'),
  })
  .describe('How pods are replaced. At most one revision is short of a pod at any time.');

const variables = withRules(
  z.object({
    configMapRef: localReference().optional().describe('ConfigMap in the same namespace.'),
    secretRef: localReference().optional().describe('Secret in the same namespace.'),
  }),
  [
    {
      rule: 'has(self.configMapRef) != has(self.secretRef)',
      message: 'an item of envFrom needs either configMapRef or secretRef',
      test: (v) => (v.configMapRef !== undefined) !== (v.secretRef !== undefined),
    },
  ],
);

const podTemplate = z
  .object({
    labels: labelMap(32).optional().describe('Extra labels of the pods.'),
    annotations: stringMap(32).optional().describe('Annotations of the pods.'),
    env: environment().optional(),
    envFrom: z.array(variables).max(16).optional().describe('ConfigMaps and Secrets whose keys become variables.'),
  })
  .describe('Additions to the pods. Volumes and the security context are not open: pods stay restricted.');

export const mcpServerSpec = withRules(
  z.object({
    image: z
      .string()
      .min(1)
      .max(512)
      .optional()
      .describe("Image of the server; the operator's own server image without it."),
    imagePullPolicy: imagePullPolicy(),
    imagePullSecrets: listMap(localReference(), ['name'], 16).optional().describe('Secrets for pulling the image.'),
    toolsets: listMap(toolset, ['name'], 16).min(1).describe('What the server serves; at least one.'),
    backends: backends.optional(),
    inference: inference.optional(),
    skills: skills.optional(),
    replicas: replicas(),
    autoscaling: autoscaling().optional(),
    resources: resources().prefault({ requests: { cpu: '500m', memory: '256Mi' }, limits: { memory: '512Mi' } }),
    accelerator: accelerator().optional(),
    scheduling: scheduling().optional(),
    storage: storage.prefault({}),
    redis: z
      .object({ urlSecretRef: secretKey().describe('Secret with the connection URL (redis://… or rediss://…).') })
      .optional()
      .describe('Shared by the pods for limits and events. Without it limits are of each pod.'),
    exposure: exposure.prefault({}),
    auth: auth.prefault({}),
    limits: limits.prefault({}),
    rollout: rollout.prefault({}),
    podDisruptionBudget: podDisruptionBudget().prefault({}),
    podTemplate: podTemplate.optional(),
    telemetry: z
      .object({
        logLevel: z
          .enum(['debug', 'info', 'warn', 'error'])
          .default('info')
          .describe('Least severe lines that are logged.'),
        auditLog: z
          .boolean()
          .default(true)
          .describe('Log a line for each call: who, what and how it ended, without arguments.'),
      })
      .prefault({})
      .describe('What the pods report.'),
    suspended: z.boolean().default(false).describe('Run no pods and keep everything else.'),
  }),
  [
    ...SCALING_RULES,
    {
      rule: "self.storage.type != 'Embedded' || (!has(self.autoscaling) && (!has(self.replicas) || self.replicas <= 1))",
      message: 'Embedded storage serves one pod; use storage.type Postgres for more replicas or autoscaling',
      fieldPath: '.storage',
      test: (s) => s.storage.type !== 'Embedded' || !severalPods(s),
    },
    {
      rule: `duration(self.rollout.drain) + duration(self.limits.callTimeout) + duration('${STOP_MARGIN}') <= duration(self.rollout.terminationGracePeriod)`,
      message: `rollout.terminationGracePeriod must be at least rollout.drain + limits.callTimeout + ${STOP_MARGIN}, or calls in hand are cut off`,
      fieldPath: '.rollout.terminationGracePeriod',
      test: ({ rollout, limits }) =>
        milliseconds(rollout.drain) + milliseconds(limits.callTimeout) + milliseconds(STOP_MARGIN) <=
        milliseconds(rollout.terminationGracePeriod),
    },
    {
      rule: `self.auth.type != 'BuiltIn' || !(self.exposure.path in ['${ISSUER_PATHS.join("', '")}'])`,
      message: `when auth.type is BuiltIn, exposure.path must not be one at which the issuer answers: ${ISSUER_PATHS.join(', ')}`,
      fieldPath: '.exposure.path',
      test: ({ auth, exposure }) => auth.type !== 'BuiltIn' || !ISSUER_PATHS.includes(exposure.path),
    },
  ],
).describe('What the server serves, how many pods run, and how they are reached.');
