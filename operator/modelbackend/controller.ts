/**
 * What the ModelBackend controller watches, and which backend each change concerns.
 */
import type { Applier } from '#operator/kit/apply.ts';
import type { Client } from '#operator/kit/client.ts';
import type { Clock } from '#operator/kit/clock.ts';
import { Controller } from '#operator/kit/controller.ts';
import type { EventRecorder } from '#operator/kit/events.ts';
import type { Informer } from '#operator/kit/informer.ts';
import type { Logger } from '#operator/kit/log.ts';
import type { Metrics } from '#operator/kit/metrics.ts';
import { type Cached, type Key, parseKey } from '#operator/kit/object.ts';
import { deletionStarted, generationChanged, replaced } from '#operator/kit/predicates.ts';
import { NAMESPACE_INDEX } from '#operator/workload/informers.ts';
import { APPLICATION_LABEL, INSTANCE_LABEL } from '#operator/workload/labels.ts';
import type { ClaimWriter } from '#operator/workload/retained.ts';
import { openBackend } from '../../models/adapters.ts';
import { createProber } from '../../models/prober.ts';
import type { Proxy } from '../../models/proxy.ts';
import type { Caches } from './observe.ts';
import { references } from './problems.ts';
import { reconciler } from './reconcile.ts';

export interface ModelBackendControllerOptions {
  readonly caches: Caches;
  readonly client: Client;
  readonly applier: Applier;
  readonly claims: ClaimWriter;
  readonly events: EventRecorder;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly fatal: (error: unknown) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly now: () => string;
  readonly workers: number;
  readonly proxy: Proxy;
}

export function modelBackendController(options: ModelBackendControllerOptions): {
  readonly controller: Controller;
  readonly stop: () => Promise<void>;
} {
  const { caches, client, applier, claims, events, log, metrics, fatal, clock, random, now, workers, proxy } = options;
  const prober = createProber({
    open: ({ protocol, endpoint }) => openBackend(protocol, endpoint, { proxy, maxConnections: 4 }),
    clock,
    random,
    onResult: (key) => controller.enqueue(parseKey(key)),
    onError: (key, error) => {
      log.error({ error, backend: key }, 'a probe hit a programming error');
      fatal(error);
    },
  });
  const reconcile = reconciler({ caches, client, applier, claims, prober, events, now });
  const owner = caches.modelBackends as unknown as Informer;
  const controller = new Controller({ name: 'modelbackend', reconcile, log, fatal, workers, metrics, clock })
    .for(caches.modelBackends, generationChanged, deletionStarted, replaced)
    .owns(caches.deployments, owner)
    .owns(caches.services, owner)
    .owns(caches.horizontalPodAutoscalers, owner)
    .owns(caches.podDisruptionBudgets, owner)
    .watches(caches.pods, ofPod)
    .watches(caches.secrets, (secret) => referringTo(caches, secret))
    .watches(caches.persistentVolumeClaims, (claim) => referringTo(caches, claim));
  return { controller, stop: () => prober.stop() };
}

function ofPod({ metadata }: Cached): readonly Key[] {
  const { [APPLICATION_LABEL]: application, [INSTANCE_LABEL]: name } = metadata.labels;
  return application === 'model-backend' && name !== undefined ? [{ namespace: metadata.namespace, name }] : [];
}

/** Backends that name the object, or that would: one that waits for it must hear of it. */
function referringTo(caches: Caches, { metadata }: Cached): readonly Key[] {
  return caches.modelBackends.store
    .byIndex(NAMESPACE_INDEX, metadata.namespace)
    .filter(({ spec }) => references(spec).some(({ name }) => name === metadata.name))
    .map((backend) => backend.metadata);
}
