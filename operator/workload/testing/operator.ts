/**
 * One controller as a process would run it, against whatever API server a test has.
 */
import type { Clock } from '#operator/kit/clock.ts';
import { createEventRecorder } from '#operator/kit/events.ts';
import type { ClusterConfig } from '#operator/kit/kubeconfig.ts';
import { silentLogger } from '#operator/kit/log.ts';
import { Manager } from '#operator/kit/manager.ts';
import { createMetrics } from '#operator/kit/metrics.ts';
import { createClient } from '#operator/kit/rest-client.ts';
import type { WorkloadControllerOptions } from '../controlleroptions.ts';
import { HANDOVER_MANAGER } from '../handover.ts';

export interface OperatorOptions {
  readonly config: ClusterConfig;
  readonly clock: Clock;
  readonly namespaces?: readonly string[];
}

export interface Operator {
  /** Resolves when the caches are complete. */
  readonly synced: Promise<unknown>;
  /** Rejects when the operator hit a programming error. */
  stop(): Promise<void>;
}

interface Wired {
  readonly caches: Readonly<Record<string, { whenSynced(): Promise<void> }>>;
  /** Called when no reconcile runs any more. */
  readonly stop?: () => Promise<void>;
}

/** `wire` declares caches with the manager and adds the controller. */
export function startOperator(
  { config, clock, namespaces = [] }: OperatorOptions,
  wire: (manager: Manager, options: WorkloadControllerOptions) => Wired,
): Operator {
  const client = createClient({ config });
  const handover = createClient({ config, fieldManager: HANDOVER_MANAGER });
  const log = silentLogger;
  const failed = Promise.withResolvers<never>();
  const fatal = (error: unknown): void => failed.reject(error);
  const manager = new Manager({ client, log, fatal, metrics: createMetrics(), clock, namespaces, frozen: true });
  const events = createEventRecorder({ client, controller: 'mcpfleet.dev/operator', instance: 'test', log });
  const { caches, stop } = wire(manager, { client, handover, events, log, fatal, clock });
  const end = new AbortController();
  const running = Promise.race([manager.run(end.signal), failed.promise]);
  return {
    synced: Promise.all(Object.values(caches).map((informer) => informer.whenSynced())),
    stop: async () => {
      end.abort();
      await running;
      await stop?.();
      await client.close();
      await handover.close();
    },
  };
}
