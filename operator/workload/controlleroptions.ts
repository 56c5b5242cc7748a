/**
 * What a process gives to each of its controllers.
 */
import type { Proxy } from '#models/proxy.ts';
import type { Client } from '#operator/kit/client.ts';
import type { Clock } from '#operator/kit/clock.ts';
import type { EventRecorder } from '#operator/kit/events.ts';
import type { Logger } from '#operator/kit/log.ts';
import type { Metrics } from '#operator/kit/metrics.ts';

export interface WorkloadControllerOptions {
  /** Guarded by the lease. */
  readonly client: Client;
  /** The same, writing as HANDOVER_MANAGER. */
  readonly handover: Pick<Client, 'apply'>;
  readonly events: EventRecorder;
  readonly log: Logger;
  readonly metrics?: Metrics;
  /** Ends the process; called with a programming error. */
  readonly fatal: (error: unknown) => void;
  /** Forward proxy for questions to what runs. */
  readonly proxy?: Proxy;
  readonly workers?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
}
