/**
 * The McpServer controller: what is watched, which server each change concerns, and the parts put together. A change
 * to anything with the name of a child enqueues the server of that name, whoever owns it, so that a stranger's object is
 * noticed when it comes and when it goes.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { McpServerStatus } from '#crds/mcpserver-status.ts';
import type { Proxy } from '#models/proxy.ts';
import { Applier } from '#operator/kit/apply.ts';
import type { Client } from '#operator/kit/client.ts';
import { type Clock, systemClock } from '#operator/kit/clock.ts';
import { findCondition } from '#operator/kit/conditions.ts';
import { Controller } from '#operator/kit/controller.ts';
import type { EventRecorder } from '#operator/kit/events.ts';
import type { Logger } from '#operator/kit/log.ts';
import type { Runnable } from '#operator/kit/manager.ts';
import type { Metrics } from '#operator/kit/metrics.ts';
import type { Cached, Key } from '#operator/kit/object.ts';
import { changed, deletionStarted, generationChanged, replaced, statusChanged } from '#operator/kit/predicates.ts';
import { type CachedMcpServer, type CachedModelBackend, mcpServers } from '#operator/workload/customresources.ts';
import { NAMESPACE_INDEX } from '#operator/workload/informers.ts';
import { APPLICATION_LABEL, INSTANCE_LABEL } from '#operator/workload/labels.ts';
import { ClaimWriter } from '#operator/workload/retained.ts';
import { StatusWriter } from '#operator/workload/statuswriter.ts';
import { mayUse } from './backends.ts';
import {
  type Caches,
  CHILD_KINDS,
  childInformer,
  ENDPOINT_INDEX,
  endpointOf,
  REFERENCE_INDEX,
  referenceKey,
} from './caches.ts';
import { transitions } from './events.ts';
import { createReconcile } from './reconcile.ts';
import { KEY_BYTES } from './resources/keys.ts';
import { urgency } from './urgency.ts';
import { createVerifier } from './verifier.ts';

export interface McpServerControllerOptions {
  readonly caches: Caches;
  /** Guarded by the lease. */
  readonly client: Client;
  /** The same, writing as HANDOVER_MANAGER. */
  readonly handover: Pick<Client, 'apply'>;
  readonly events: EventRecorder;
  readonly log: Logger;
  readonly metrics?: Metrics;
  /** Ends the process; called with a programming error. */
  readonly fatal: (error: unknown) => void;
  /** Image of servers that name none. */
  readonly serverImage: string;
  /** Version of this program. */
  readonly version: string;
  /** Forward proxy for questions to servers. */
  readonly proxy?: Proxy;
  readonly workers?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
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
    onChange: (key) => controller.enqueue(key),
    onError: fatal,
    ...(options.proxy === undefined ? {} : { proxy: options.proxy }),
  });
  const statuses = new StatusWriter<McpServerStatus, CachedMcpServer>({
    applier,
    resource: mcpServers,
    store: caches.mcpServers.store,
    clock,
    urgency,
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
      desired: { serverImage: options.serverImage, newKey: () => randomBytes(KEY_BYTES) },
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
  controller.for(caches.mcpServers, generationChanged, statusChanged, deletionStarted, replaced);
  // The next in line for an endpoint that is given up.
  controller.watches(
    caches.mcpServers,
    (server) => {
      const endpoint = endpointOf(server);
      return endpoint === undefined ? [] : keysOf(servers.byIndex(ENDPOINT_INDEX, endpoint));
    },
    changed(endpointOf),
  );
  for (const { cache, suffix } of CHILD_KINDS) {
    const named = ({ metadata: { namespace, name } }: Cached): readonly Key[] => {
      if (!name.endsWith(suffix)) return [];
      const key = { namespace, name: name.slice(0, name.length - suffix.length) };
      return servers.get(key) === undefined ? [] : [key];
    };
    controller.watches(childInformer(caches, cache), named, changed(contentOf));
  }
  controller.watches(caches.pods, podOwner, changed(contentOf));
  for (const cache of ['secrets', 'configMaps'] as const) {
    const informer = childInformer(caches, cache);
    const { kind } = informer.resource;
    controller.watches(informer, ({ metadata: { namespace, name } }) =>
      keysOf(servers.byIndex(REFERENCE_INDEX, referenceKey(kind, namespace, name))),
    );
  }
  controller.watches(
    caches.modelBackends,
    (backend) =>
      keysOf(servers.byIndex(NAMESPACE_INDEX, backend.metadata.namespace).filter(({ spec }) => mayUse(spec, backend))),
    changed(usedOf),
  );
}

/** What is read of a child or pod. Most updates change their status in a way that concerns nobody here. */
function contentOf({ metadata, ...rest }: Cached): unknown {
  const { uid, labels, ownerReferences, deletionTimestamp } = metadata;
  return [uid, labels, ownerReferences, deletionTimestamp, rest];
}

const keysOf = (found: readonly CachedMcpServer[]): readonly Key[] => found.map(({ metadata }) => metadata);

function podOwner({ metadata }: Cached): readonly Key[] {
  const { [APPLICATION_LABEL]: application, [INSTANCE_LABEL]: name } = metadata.labels;
  return application === 'mcp-server' && name !== undefined ? [{ namespace: metadata.namespace, name }] : [];
}

/** What servers take from a ModelBackend; its probes change more often than that. */
const usedOf = ({ metadata, spec, status }: CachedModelBackend) => [
  metadata.labels,
  spec.auth.secretRef,
  findCondition(status?.conditions, 'Ready'),
  status?.models?.map(({ name, state }) => [name, state]),
];
