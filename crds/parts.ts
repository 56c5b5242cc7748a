/**
 * The field types that both kinds share: names, durations, quantities, references to
 * Secrets, pod placement, conditions. Knows nothing of servers or models.
 */
import { z } from 'zod';
import { milliseconds } from './duration.ts';
import { listMap, opaque, withRules } from './schema.ts';

/** A name within a namespace (RFC 1123 subdomain). */
export const objectName = () =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);

/** A name within one list of ours; also a DNS label. */
export const label = () =>
  z
    .string()
    .min(1)
    .max(63)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);

/** `90s`, `1h30m`, `250ms`: Gateway API's duration format (GEP-2257). */
export const duration = () =>
  z
    .string()
    .min(2)
    .max(24)
    .regex(/^([0-9]{1,5}(h|m|s|ms)){1,4}$/);

const DAY = '24h';

/** A duration that somebody waits for: more than nothing, and within what a timer can count. */
export const positiveDuration = () =>
  withRules(duration(), [
    {
      rule: `duration(self) > duration('0s') && duration(self) <= duration('${DAY}')`,
      message: `must be longer than 0s and at most ${DAY}`,
      test: (text) => milliseconds(text) > 0 && milliseconds(text) <= milliseconds(DAY),
    },
  ]);

/** A Kubernetes quantity such as `500m` or `1Gi`. */
export const quantity = () =>
  z
    .string()
    .min(1)
    .max(32)
    .regex(/^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$/);

export const secretKey = () =>
  z.object({
    name: objectName().describe('Name of the Secret, in the same namespace.'),
    key: z
      .string()
      .min(1)
      .max(253)
      .regex(/^[-._a-zA-Z0-9]+$/)
      .describe('Key within the Secret.'),
  });

export const localReference = () =>
  z.object({ name: objectName().describe('Name of an object in the same namespace.') });

/** The key of a label, an annotation or a resource: `name` or `prefix/name`. */
const QUALIFIED_NAME = '^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-._A-Za-z0-9]{0,61}[A-Za-z0-9])?$';

/** A map with keys as of labels. */
export const mapOf = <S extends z.ZodString>(value: S, entries: number) =>
  withRules(
    z
      .record(z.string(), value)
      .refine((map) => Object.keys(map).length <= entries, { message: `must have at most ${entries} entries` })
      .meta({ maxProperties: entries }),
    [
      {
        rule: `self.all(key, key.matches('${QUALIFIED_NAME}'))`,
        message: 'each key must be a name or prefix/name, as of a label',
        test: (map) => Object.keys(map).every((key) => new RegExp(QUALIFIED_NAME).test(key)),
      },
    ],
  );

/** Annotations, and other maps whose values are free. */
export const stringMap = (entries: number) => mapOf(z.string().max(4096), entries);

/** Labels, or the labels that something must have. */
export const labelMap = (entries: number) =>
  mapOf(
    z
      .string()
      .max(63)
      .regex(/^([A-Za-z0-9]([-._A-Za-z0-9]*[A-Za-z0-9])?)?$/),
    entries,
  );

export const toleration = () =>
  z.object({
    key: z.string().max(317).optional().describe('Taint key; empty with operator Exists matches every taint.'),
    operator: z.enum(['Exists', 'Equal']).optional().describe('How value is compared.'),
    value: z.string().max(63).optional().describe('Taint value for operator Equal.'),
    effect: z
      .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])
      .optional()
      .describe('Taint effect; empty matches all.'),
    tolerationSeconds: z.int().min(0).max(31_536_000).optional().describe('Seconds a NoExecute taint is tolerated.'),
  });

export const tolerations = () => z.array(toleration()).max(32).describe('Taints that the pods tolerate.');

export const nodeSelector = () => labelMap(32).describe('Node labels that the pods need.');

/** Where pods run, apart from accelerators. */
export const scheduling = () =>
  z
    .object({
      nodeSelector: nodeSelector().optional(),
      tolerations: tolerations().optional(),
      affinity: opaque().optional().describe('Pod affinity (core/v1 Affinity).'),
      topologySpreadConstraints: z
        .array(opaque())
        .max(8)
        .optional()
        .describe('How pods spread over topology domains (core/v1 TopologySpreadConstraint).'),
      priorityClassName: objectName().optional().describe('PriorityClass of the pods.'),
      runtimeClassName: objectName().optional().describe('RuntimeClass of the pods, for example a sandbox.'),
    })
    .describe('Where the pods run.');

/** A whole device per unit, by device plug-in. */
export const accelerator = () =>
  z
    .object({
      resourceName: z
        .string()
        .max(317)
        .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[-._a-zA-Z0-9]+$/)
        .default('nvidia.com/gpu')
        .describe('Extended resource of the device plug-in.'),
      count: z.int32().min(1).max(64).default(1).describe('Devices per pod.'),
      nodeSelector: nodeSelector().optional(),
      tolerations: tolerations().optional(),
    })
    .describe('Devices that each pod needs, and the nodes that have them.');

export const environmentVariable = () =>
  withRules(
    z.object({
      name: z
        .string()
        .min(1)
        .max(253)
        .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
        .describe('Name of the variable.'),
      value: z.string().max(4096).optional().describe('Plain value; never a secret.'),
      secretKeyRef: secretKey().optional().describe('Take the value from a Secret.'),
    }),
    [
      {
        rule: '!(has(self.value) && has(self.secretKeyRef))',
        message: 'set value or secretKeyRef of a variable, not both',
        test: (v) => !(v.value !== undefined && v.secretKeyRef !== undefined),
      },
    ],
  );

export const environment = () => listMap(environmentVariable(), ['name'], 64).describe('Environment of the container.');

export const imagePullPolicy = () =>
  z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent').describe('When to pull the image.');

/** metav1.Condition. */
export const condition = () =>
  z.object({
    type: z.string().min(1).max(316).describe('What is judged.'),
    status: z.enum(['True', 'False', 'Unknown']).describe('The judgement.'),
    observedGeneration: z.int().min(0).describe('metadata.generation that was judged.'),
    lastTransitionTime: z.iso.datetime().describe('When status last changed.'),
    reason: z.string().min(1).max(1024).describe('Why, as one word for programs.'),
    message: z.string().max(4096).describe('Why, as a sentence for people, with the cure.'),
  });

export type Condition = z.output<ReturnType<typeof condition>>;
export type SecretKey = z.output<ReturnType<typeof secretKey>>;
export type Toleration = z.output<ReturnType<typeof toleration>>;
export type Scheduling = z.output<ReturnType<typeof scheduling>>;
export type Accelerator = z.output<ReturnType<typeof accelerator>>;
export type EnvironmentVariable = z.output<ReturnType<typeof environmentVariable>>;
