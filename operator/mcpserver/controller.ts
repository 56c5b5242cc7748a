/**
 * The McpServer controller: what is watched, which server each change concerns, and the parts put together. A change
 * to anything with the name of a child enqueues the server of that name, whoever owns it, so that a stranger's object is
 * noticed when it comes and when it goes.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { McpServerStatus } from '#crds/mcpserver-status.ts';
import { Applier } from '#operator/kit/apply.ts';
import { systemClock } from '#operator/kit/clock.ts';
import { findCondition } from '#operator/kit/conditions.ts';
import { Controller } from '#operator/kit/controller.ts';
import type { Runnable } from '#operator/kit/manager.ts';
import type { Cached, Key } from '#operator/kit/object.ts';
import { changed, deletionStarted, generationChanged, replaced, statusChanged } from '#operator/kit/predicates.ts';
import type { WorkloadControllerOptions } from '#operator/workload/controlleroptions.ts';
import { type CachedMcpServer, type CachedModelBackend, mcpServers } from '#operator/workload/customresources.ts';
import { NAMESPACE_INDEX } from '#operator/workload/informers.ts';
import { INSTANCE_LABEL } from '#operator/workload/labels.ts';
import { ClaimWriter } from '#operator/workload/retained.ts';
import { StatusWriter } from '#operator/workload/statuswriter.ts';
import { urgency } from '#operator/workload/urgency.ts';
import { watchChildren, watchPods } from '#operator/workload/watches.ts';
import { mayUse } from './backends.ts';
import { type Caches, childKinds, ENDPOINT_INDEX, endpointsOf, REFERENCE_INDEX, referenceKey } from './caches.ts';
import { VERIFY_ANNOTATION } from './conformance/job.ts';
import { transitions } from './events.ts';
import { createReconcile } from './reconcile.ts';
import { KEY_BYTES } from './resources/keys.ts';
import { createVerifier } from './verifier.ts';

export interface McpServerControllerOptions extends WorkloadControllerOptions {
  readonly caches: Caches;
  /** Image of servers that name none. */
  readonly serverImage: string;
  /** Image with the conformance suite; undefined where there is none. */
  readonly conformanceImage: string | undefined;
  /** Version of this program. */
  readonly version: string;
}

export interface McpServerController {
  readonly controller: Controller;
  /** Runs beside the controller, in a manager's addRunnable(), and ends what asks servers when the signal aborts. */
  readonly run: Runnable;
}

export function createMcpServerController(options: McpServerControllerOptions): McpServerController {
  const { caches, client, handover, events, log, fatal, clock = systemClock, random = Math.random } = options;
  const applier = new Applier({ client, log });
  const verifier = createVerifier({
    clock,
    random,
    version: options.version,
    onChange: (key) => controller.enqueue(key, 'low'),
    onError: fatal,
    ...(options.proxy === undefined ? {} : { proxy: options.proxy }),
  });
  const statuses = new StatusWriter<McpServerStatus, CachedMcpServer>({
    applier,
    resource: mcpServers,
    store: caches.mcpServers.store,
    clock,
    urgency: (previous, next) => urgency(previous, next, { verdict: ({ conformance }) => conformance?.request }),
    onWritten: (server, previous, next) => {
      for (const event of transitions(previous, next)) events.record(mcpServers, server, event);
    },
  });
  const controller = new Controller({
    name: 'mcpserver',
    log,
    fatal,
    clock,
    reconcile: createReconcile({
      caches,
      statuses,
      verifier,
      writers: { applier, handover, claims: new ClaimWriter(client) },
      desired: {
        serverImage: options.serverImage,
        conformanceImage: options.conformanceImage,
        newKey: () => randomBytes(KEY_BYTES),
      },
    }),
    ...(options.workers === undefined ? {} : { workers: options.workers }),
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
  });
  watch(controller, caches);
  return {
    controller,
    run: async (signal) => {
      if (!signal.aborted) await once(signal, 'abort');
      await verifier.stop();
    },
  };
}

function watch(controller: Controller, caches: Caches): void {
  const servers = caches.mcpServers.store;
  controller.for(
    caches.mcpServers,
    generationChanged,
    statusChanged,
    deletionStarted,
    replaced,
    changed(({ metadata }) => metadata.annotations[VERIFY_ANNOTATION]),
  );
  // The next in line for an endpoint that is given up.
  controller.watches(
    caches.mcpServers,
    (server) => endpointsOf(server).flatMap((endpoint) => keysOf(servers.byIndex(ENDPOINT_INDEX, endpoint))),
    { predicates: [changed(endpointsOf)] },
  );
  watchChildren(controller, childKinds(caches), (key) => servers.get(key) !== undefined);
  watchPods(controller, caches.pods, 'mcp-server');
  const examined = ({ metadata: { namespace, labels } }: Cached): readonly Key[] => {
    const name = labels[INSTANCE_LABEL];
    return name === undefined ? [] : [{ namespace, name }];
  };
  controller.watches(caches.jobs, examined);
  controller.watches(caches.examiners, examined, { predicates: [changed(({ end, problem }) => [end, problem])] });
  const naming =
    (kind: string) =>
    ({ metadata: { namespace, name } }: Cached) =>
      keysOf(servers.byIndex(REFERENCE_INDEX, referenceKey(kind, namespace, name)));
  controller.watches(caches.secrets, naming('Secret'));
  controller.watches(caches.configMaps, naming('ConfigMap'));
  controller.watches(caches.persistentVolumeClaims, naming('PersistentVolumeClaim'), { predicates: [replaced] });
  controller.watches(
    caches.modelBackends,
    (backend) =>
      keysOf(servers.byIndex(NAMESPACE_INDEX, backend.metadata.namespace).filter(({ spec }) => mayUse(spec, backend))),
    { predicates: [changed(usedOf)] },
  );
}

const keysOf = (found: readonly CachedMcpServer[]): readonly Key[] => found.map(({ metadata }) => metadata);

/** What servers take from a ModelBackend; its probes change more often than that. */
const usedOf = ({ metadata, spec, status }: CachedModelBackend) => [
  metadata.labels,
  spec.auth.secretRef,
  findCondition(status?.conditions, 'Ready'),
  status?.models?.map(({ name, state }) => [name, state]),
];
