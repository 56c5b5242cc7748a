/**
 * The ModelBackend controller: what is watched, which backend each change concerns, and the parts put together. A change
 * to anything with the name of a child enqueues the backend of that name, whoever owns it, so that a stranger's object
 * is noticed when it comes and when it goes.
 */
import type { ModelBackendStatus } from '#crds/modelbackend-status.ts';
import { openBackend } from '#models/adapters.ts';
import { createProber } from '#models/prober.ts';
import type { Proxy } from '#models/proxy.ts';
import { Applier } from '#operator/kit/apply.ts';
import type { Client } from '#operator/kit/client.ts';
import { type Clock, systemClock } from '#operator/kit/clock.ts';
import { Controller } from '#operator/kit/controller.ts';
import type { EventRecorder } from '#operator/kit/events.ts';
import type { Logger } from '#operator/kit/log.ts';
import type { Metrics } from '#operator/kit/metrics.ts';
import { type Cached, type Key, parseKey } from '#operator/kit/object.ts';
import { deletionStarted, generationChanged, replaced, statusChanged } from '#operator/kit/predicates.ts';
import { type CachedModelBackend, modelBackends } from '#operator/workload/customresources.ts';
import { NAMESPACE_INDEX } from '#operator/workload/informers.ts';
import { APPLICATION_LABEL, INSTANCE_LABEL } from '#operator/workload/labels.ts';
import { ClaimWriter } from '#operator/workload/retained.ts';
import { StatusWriter } from '#operator/workload/statuswriter.ts';
import { type Caches, CHILD_KINDS, childInformer } from './caches.ts';
import { transitions } from './events.ts';
import { createReconcile } from './reconcile.ts';
import { references } from './references.ts';
import { serviceResolver } from './services.ts';
import { urgency } from './urgency.ts';

export interface ModelBackendControllerOptions {
  readonly caches: Caches;
  /** Guarded by the lease. */
  readonly client: Client;
  /** The same, writing as the field manager that keeps the number of pods for an autoscaler. */
  readonly handover: Pick<Client, 'apply'>;
  readonly events: EventRecorder;
  readonly log: Logger;
  readonly metrics?: Metrics;
  /** Ends the process; called with a programming error. */
  readonly fatal: (error: unknown) => void;
  /** Forward proxy for probes. */
  readonly proxy?: Proxy;
  readonly workers?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export interface ModelBackendController {
  readonly controller: Controller;
  /** Ends the probes; to be called when the process ends. */
  readonly stop: () => Promise<void>;
}

/** A list and an inference at a time for a backend, and a connection for each that hangs. */
const PROBE_CONNECTIONS = 4;

export function modelBackendController(options: ModelBackendControllerOptions): ModelBackendController {
  const { caches, client, handover, events, log, fatal, proxy, clock = systemClock, random = Math.random } = options;
  const applier = new Applier({ client, log });
  const http = { proxy, maxConnections: PROBE_CONNECTIONS, resolve: serviceResolver(caches.services.store) };
  const prober = createProber({
    open: ({ protocol, endpoint }) => openBackend(protocol, endpoint, http),
    clock,
    random,
    onResult: (key) => controller.enqueue(parseKey(key)),
    onError: (_key, error) => fatal(error),
  });
  const statuses = new StatusWriter<ModelBackendStatus, CachedModelBackend>({
    applier,
    resource: modelBackends,
    urgency,
    store: caches.modelBackends.store,
    clock,
    onWritten: (backend, previous, next) => {
      for (const event of transitions(previous, next)) events.record(modelBackends, backend, event);
    },
  });
  const controller = new Controller({
    name: 'modelbackend',
    log,
    fatal,
    clock,
    reconcile: createReconcile({
      caches,
      client,
      statuses,
      prober,
      writers: { applier, handover, claims: new ClaimWriter(client) },
    }),
    ...(options.workers === undefined ? {} : { workers: options.workers }),
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
  });
  watch(controller, caches);
  return { controller, stop: () => prober.stop() };
}

function watch(controller: Controller, caches: Caches): void {
  const backends = caches.modelBackends.store;
  controller.for(caches.modelBackends, generationChanged, statusChanged, deletionStarted, replaced);
  for (const { cache, suffix } of CHILD_KINDS) {
    controller.watches(childInformer(caches, cache), ({ metadata: { namespace, name } }) => {
      if (!name.endsWith(suffix)) return [];
      const key = { namespace, name: name.slice(0, name.length - suffix.length) };
      return backends.get(key)?.spec.managed === undefined ? [] : [key];
    });
  }
  controller.watches(caches.pods, podOwner);
  for (const cache of ['secrets', 'persistentVolumeClaims'] as const) {
    const informer = childInformer(caches, cache);
    const { kind } = informer.resource;
    controller.watches(informer, ({ metadata: { namespace, name } }) =>
      backends
        .byIndex(NAMESPACE_INDEX, namespace)
        .filter(({ spec }) => references(spec).some((reference) => reference.kind === kind && reference.name === name))
        .map(({ metadata }) => metadata),
    );
  }
}

function podOwner({ metadata }: Cached): readonly Key[] {
  const { [APPLICATION_LABEL]: application, [INSTANCE_LABEL]: name } = metadata.labels;
  return application === 'model-backend' && name !== undefined ? [{ namespace: metadata.namespace, name }] : [];
}
