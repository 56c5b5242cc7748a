/**
 * The controller as a process would run it, against whatever API server a test has.
 */
import type { Clock } from '#operator/kit/clock.ts';
import { createEventRecorder } from '#operator/kit/events.ts';
import type { ClusterConfig } from '#operator/kit/kubeconfig.ts';
import { silentLogger } from '#operator/kit/log.ts';
import { Manager } from '#operator/kit/manager.ts';
import { createMetrics } from '#operator/kit/metrics.ts';
import { createClient } from '#operator/kit/rest-client.ts';
import { workloadInformers } from '#operator/workload/informers.ts';
import { mcpServerCaches } from '../caches.ts';
import { createMcpServerController } from '../controller.ts';
import { HANDOVER_MANAGER } from '../handover.ts';
import { OPTIONS } from './fixtures.ts';

export interface OperatorOptions {
  readonly config: ClusterConfig;
  /** URL of what stands for the servers. */
  readonly proxy: string;
  readonly clock: Clock;
  readonly namespaces?: readonly string[];
}

export interface Operator {
  /** Resolves when the caches are complete. */
  readonly synced: Promise<unknown>;
  /** Rejects when the operator hit a programming error. */
  stop(): Promise<void>;
}

export function startOperator({ config, proxy, clock, namespaces = [] }: OperatorOptions): Operator {
  const client = createClient({ config });
  const handover = createClient({ config, fieldManager: HANDOVER_MANAGER });
  const log = silentLogger;
  const failed = Promise.withResolvers<never>();
  const fatal = (error: unknown): void => failed.reject(error);
  const manager = new Manager({ client, log, fatal, metrics: createMetrics(), clock, namespaces, frozen: true });
  const caches = mcpServerCaches(manager, workloadInformers(manager));
  const { controller, run } = createMcpServerController({
    caches,
    client,
    handover,
    events: createEventRecorder({ client, controller: 'mcpfleet.dev/operator', instance: 'test', log }),
    log,
    fatal,
    serverImage: OPTIONS.serverImage,
    version: '0.1.0',
    proxy: { http: proxy },
    clock,
  });
  manager.add(controller);
  manager.addRunnable(run);
  const end = new AbortController();
  const running = Promise.race([manager.run(end.signal), failed.promise]);
  return {
    synced: Promise.all(Object.values(caches).map((informer) => informer.whenSynced())),
    stop: async () => {
      end.abort();
      await running;
      await client.close();
      await handover.close();
    },
  };
}
