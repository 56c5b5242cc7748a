/**
 * How many pods there are and what each one gets: the fields that both kinds share,
 * and the rules between them.
 */
import { z } from 'zod';
import { mapOf, quantity } from './parts.ts';
import { amount } from './quantity.ts';
import { opaque, type Rule, withRules } from './schema.ts';

export const resources = () =>
  withRules(
    z.object({
      requests: mapOf(quantity(), 16).optional().describe('What the scheduler reserves.'),
      limits: mapOf(quantity(), 16).optional().describe('What a container may use at the most.'),
    }),
    [
      {
        rule: '!has(self.requests) || !has(self.limits) || self.requests.all(name, !(name in self.limits) || quantity(self.requests[name]).compareTo(quantity(self.limits[name])) <= 0)',
        message: 'resources.requests must not exceed resources.limits',
        fieldPath: '.requests',
        test: ({ requests = {}, limits = {} }) =>
          Object.entries(requests).every(([name, request]) => amount(request) <= amount(limits[name] ?? request)),
      },
    ],
  ).describe('CPU and memory of each pod.');

/** What a HorizontalPodAutoscaler needs to know. */
export const autoscaling = () =>
  withRules(
    z.object({
      minReplicas: z.int32().min(1).max(1000).default(1).describe('Fewest pods.'),
      maxReplicas: z.int32().min(1).max(1000).describe('Most pods.'),
      cpu: z.int32().min(1).max(1000).default(70).describe('Target average CPU, in percent of the request.'),
      memory: z.int32().min(1).max(1000).optional().describe('Target average memory, in percent of the request.'),
      behavior: opaque().optional().describe('How fast to scale (autoscaling/v2 HorizontalPodAutoscalerBehavior).'),
    }),
    [
      {
        rule: 'self.minReplicas <= self.maxReplicas',
        message: 'autoscaling.minReplicas must not exceed autoscaling.maxReplicas',
        fieldPath: '.minReplicas',
        test: (a) => a.minReplicas <= a.maxReplicas,
      },
    ],
  ).describe('Scale the pods by load; excludes replicas.');

interface Scaled {
  readonly replicas?: number | undefined;
  readonly autoscaling?: { readonly memory?: number | undefined } | undefined;
  readonly resources: { readonly requests?: Readonly<Record<string, string>> | undefined };
}

/** Rules of a block that has replicas, autoscaling and resources. */
export const SCALING_RULES: readonly Rule<Scaled>[] = [
  {
    rule: '!(has(self.replicas) && has(self.autoscaling))',
    message: 'set replicas or autoscaling, not both',
    fieldPath: '.replicas',
    test: (s) => !(s.replicas !== undefined && s.autoscaling !== undefined),
  },
  {
    rule: "!has(self.autoscaling) || (has(self.resources.requests) && 'cpu' in self.resources.requests)",
    message: 'autoscaling by CPU needs resources.requests.cpu',
    fieldPath: '.resources',
    test: (s) => s.autoscaling === undefined || s.resources.requests?.['cpu'] !== undefined,
  },
  {
    rule: "!has(self.autoscaling) || !has(self.autoscaling.memory) || (has(self.resources.requests) && 'memory' in self.resources.requests)",
    message: 'autoscaling by memory needs resources.requests.memory',
    fieldPath: '.resources',
    test: (s) => s.autoscaling?.memory === undefined || s.resources.requests?.['memory'] !== undefined,
  },
];

/** More than one pod is asked for, or may come. */
export const severalPods = (s: Pick<Scaled, 'replicas' | 'autoscaling'>): boolean =>
  s.autoscaling !== undefined || (s.replicas ?? 1) > 1;

export const replicas = () =>
  z.int32().min(0).max(1000).optional().describe('Number of pods, 1 without it; excludes autoscaling.');

export const podDisruptionBudget = () =>
  z
    .object({
      maxUnavailable: z.int32().min(0).max(1000).default(1).describe('Pods that an eviction may take at once.'),
    })
    .describe('How many pods a voluntary disruption may take; there is no budget for a single pod.');
