/**
 * The part of a ModelBackend that describes an engine run by the operator: its image,
 * where its model comes from, what it needs and how its pods are replaced. Must not
 * know the command line of any engine.
 */
import { z } from 'zod';
import { milliseconds } from './duration.ts';
import {
  accelerator,
  duration,
  environment,
  imagePullPolicy,
  objectName,
  positiveDuration,
  quantity,
  scheduling,
  secretKey,
} from './parts.ts';
import { autoscaling, podDisruptionBudget, replicas, resources, SCALING_RULES, severalPods } from './scaling.ts';
import { intOrString, withRules } from './schema.ts';

const source = withRules(
  z.object({
    uri: z
      .string()
      .max(512)
      .regex(/^hf:\/\/[-._a-zA-Z0-9]+\/[-._a-zA-Z0-9]+(@[-._a-zA-Z0-9]+)?$/)
      .optional()
      .describe('Model to download: hf://organisation/model[@revision]; the revision for engines other than LlamaCpp.'),
    persistentVolumeClaim: z
      .object({
        claimName: objectName().describe('Claim that holds the model.'),
        path: z
          .string()
          .min(1)
          .max(512)
          .regex(/^[!-.0-~][!-~]*$/)
          .describe('File or folder within the volume.'),
      })
      .optional()
      .describe('Model on a volume, mounted read-only at /models.'),
    builtin: z
      .object({
        path: z
          .string()
          .min(1)
          .max(512)
          .regex(/^\/[!-~]+$/)
          .describe('File or folder within the image.'),
      })
      .optional()
      .describe('Model that the image brings.'),
    credentialsSecretRef: secretKey().optional().describe('Token for the download.'),
  }),
  [
    {
      rule: '[has(self.uri), has(self.persistentVolumeClaim), has(self.builtin)].filter(x, x).size() == 1',
      message: 'set exactly one of uri, persistentVolumeClaim and builtin',
      test: (s) => [s.uri, s.persistentVolumeClaim, s.builtin].filter((x) => x !== undefined).length === 1,
    },
    {
      rule: '!has(self.credentialsSecretRef) || has(self.uri)',
      message: 'credentialsSecretRef needs uri',
      test: (s) => s.credentialsSecretRef === undefined || s.uri !== undefined,
    },
  ],
).describe('Where the model comes from.');

const rollout = withRules(
  z.object({
    maxSurge: intOrString()
      .optional()
      .describe(
        'Extra pods during a rollout; 0 where no spare accelerator exists. 1 without it, 0 where the cache is for one pod.',
      ),
    maxUnavailable: intOrString()
      .optional()
      .describe('Pods that may be missing during a rollout; 0 without it, or 1 where there is no extra pod.'),
  }),
  [
    {
      rule: "!(has(self.maxSurge) && has(self.maxUnavailable) && string(self.maxSurge) in ['0', '0%'] && string(self.maxUnavailable) in ['0', '0%'])",
      message: 'maxSurge and maxUnavailable must not both be 0',
      test: (r) => !(isNone(r.maxSurge) && isNone(r.maxUnavailable)),
    },
  ],
).describe('How pods are replaced.');

/** Whether a number or percentage is given and says that there are none. */
function isNone(amount: number | string | undefined): boolean {
  return amount !== undefined && ['0', '0%'].includes(String(amount));
}

const drain = withRules(
  z.object({
    preStop: duration().default('15s').describe('Wait before the engine is told to stop, while endpoints change.'),
    terminationGracePeriod: positiveDuration().default('75s').describe('Time after which a stopping pod is killed.'),
  }),
  [
    {
      rule: 'duration(self.preStop) < duration(self.terminationGracePeriod)',
      message: 'drain.preStop must be shorter than drain.terminationGracePeriod',
      test: (d) => milliseconds(d.preStop) < milliseconds(d.terminationGracePeriod),
    },
  ],
).describe('How a pod leaves.');

export const managed = withRules(
  z.object({
    engine: z.enum(['VLLM', 'LlamaCpp', 'Custom']).describe('Engine to run; Custom runs the image as it is.'),
    image: z.string().min(1).max(512).describe('Image of the engine.'),
    imagePullPolicy: imagePullPolicy(),
    args: z.array(z.string().max(1024)).max(64).optional().describe("Arguments after the engine's own."),
    env: environment()
      .optional()
      .describe(
        'Environment of the engine. What the operator sets itself is refused. A changed Secret replaces the pods.',
      ),
    port: z.int32().min(1024).max(65535).optional().describe("Port of the engine; the engine's usual one without it."),
    source: source.optional(),
    cache: z
      .object({
        size: quantity().describe('Size of the volume.'),
        storageClassName: objectName()
          .optional()
          .describe("StorageClass of the volume; the cluster's default without it."),
        accessMode: z
          .enum(['ReadWriteOnce', 'ReadWriteMany'])
          .default('ReadWriteOnce')
          .describe('How pods share the volume.'),
        retain: z.boolean().default(true).describe('Keep the volume when the ModelBackend is deleted.'),
      })
      .optional()
      .describe('Volume for downloaded weights.'),
    accelerator: accelerator().optional(),
    sharedMemory: quantity().optional().describe('Size of /dev/shm; 1Gi per device without it when there are several.'),
    resources: resources().prefault({}),
    scheduling: scheduling().optional(),
    replicas: replicas(),
    autoscaling: autoscaling().optional(),
    rollout: rollout.prefault({}),
    drain: drain.prefault({}),
    startupTimeout: positiveDuration().default('30m').describe('Longest time until the model is loaded.'),
    podDisruptionBudget: podDisruptionBudget().prefault({}),
  }),
  [
    ...SCALING_RULES,
    {
      rule: "self.engine == 'Custom' || has(self.source)",
      message: 'managed.source is required for engines VLLM and LlamaCpp',
      fieldPath: '.source',
      test: (m) => m.engine === 'Custom' || m.source !== undefined,
    },
    {
      rule: "self.engine != 'Custom' || has(self.port)",
      message: 'managed.port is required for engine Custom',
      fieldPath: '.port',
      test: (m) => m.engine !== 'Custom' || m.port !== undefined,
    },
    {
      rule: '!has(self.cache) || (has(self.source) && has(self.source.uri))',
      message: 'managed.cache needs source.uri',
      fieldPath: '.cache',
      test: (m) => m.cache === undefined || m.source?.uri !== undefined,
    },
    {
      rule: "!has(self.cache) || self.cache.accessMode == 'ReadWriteMany' || (!has(self.autoscaling) && (!has(self.replicas) || self.replicas <= 1))",
      message: 'a cache with accessMode ReadWriteOnce serves one pod; use ReadWriteMany',
      fieldPath: '.cache',
      test: (m) => m.cache === undefined || m.cache.accessMode === 'ReadWriteMany' || !severalPods(m),
    },
    {
      rule: "!has(self.cache) || self.cache.accessMode == 'ReadWriteMany' || ((!has(self.rollout.maxSurge) || string(self.rollout.maxSurge) in ['0', '0%']) && (!has(self.rollout.maxUnavailable) || !(string(self.rollout.maxUnavailable) in ['0', '0%'])))",
      message: 'a cache with accessMode ReadWriteOnce leaves no room for an extra pod; leave rollout out',
      fieldPath: '.rollout',
      test: ({ cache, rollout }) =>
        cache === undefined ||
        cache.accessMode === 'ReadWriteMany' ||
        ((rollout.maxSurge === undefined || isNone(rollout.maxSurge)) && !isNone(rollout.maxUnavailable)),
    },
    {
      rule: "self.engine != 'LlamaCpp' || !has(self.source) || !has(self.source.uri) || !self.source.uri.contains('@')",
      message: 'llama.cpp cannot pin a revision; leave @revision out of source.uri',
      fieldPath: '.source',
      test: (m) => m.engine !== 'LlamaCpp' || m.source?.uri?.includes('@') !== true,
    },
  ],
).describe('An engine that the operator runs.');
