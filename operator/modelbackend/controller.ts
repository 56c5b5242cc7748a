/**
 * The ModelBackend controller: what is watched, which backend each change concerns, and the parts put together. A change
 * to anything with the name of a child enqueues the backend of that name, whoever owns it, so that a stranger's object
 * is noticed when it comes and when it goes.
 */
import type { ModelBackendStatus } from '#crds/modelbackend-status.ts';
import { openBackend } from '#models/adapters.ts';
import { createProber } from '#models/prober.ts';
import { Applier } from '#operator/kit/apply.ts';
import { systemClock } from '#operator/kit/clock.ts';
import { Controller } from '#operator/kit/controller.ts';
import { type Cached, parseKey } from '#operator/kit/object.ts';
import { deletionStarted, generationChanged, replaced, statusChanged } from '#operator/kit/predicates.ts';
import type { WorkloadControllerOptions } from '#operator/workload/controlleroptions.ts';
import { type CachedModelBackend, modelBackends } from '#operator/workload/customresources.ts';
import { NAMESPACE_INDEX } from '#operator/workload/informers.ts';
import { ClaimWriter } from '#operator/workload/retained.ts';
import { StatusWriter } from '#operator/workload/statuswriter.ts';
import { watchChildren, watchPods } from '#operator/workload/watches.ts';
import { type Caches, childKinds } from './caches.ts';
import { transitions } from './events.ts';
import { createReconcile } from './reconcile.ts';
import { references } from './references.ts';
import { serviceResolver } from './services.ts';
import { urgency } from './urgency.ts';

export interface ModelBackendControllerOptions extends WorkloadControllerOptions {
  readonly caches: Caches;
}

export interface ModelBackendController {
  readonly controller: Controller;
  /** Ends the probes; to be called when no reconcile runs any more, since a backend that nobody asks is not known. */
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
    onResult: (key) => controller.enqueue(parseKey(key), 'low'),
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
  watchChildren(controller, childKinds(caches), (key) => backends.get(key)?.spec.managed !== undefined);
  watchPods(controller, caches.pods, 'model-backend');
  const naming =
    (kind: string) =>
    ({ metadata: { namespace, name } }: Cached) =>
      backends
        .byIndex(NAMESPACE_INDEX, namespace)
        .filter(({ spec }) => references(spec).some((reference) => reference.kind === kind && reference.name === name))
        .map(({ metadata }) => metadata);
  controller.watches(caches.secrets, naming('Secret'));
  controller.watches(caches.persistentVolumeClaims, naming('PersistentVolumeClaim'));
}
