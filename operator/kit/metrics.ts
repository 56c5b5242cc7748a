/**
 * Prometheus metrics under the names of controller-runtime and client-go's workqueue, so that stock dashboards and
 * alerts work; every label set starts at 0. Observers are plain objects: queue, controller and client know no
 * Prometheus.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Clock } from './clock.ts';
import type { Queue, QueueObserver } from './queue.ts';

export interface ControllerMetrics {
  readonly queue: QueueObserver;
  /** Reads depth and running work of the queue whenever the metrics are scraped. */
  observe(queue: Queue, clock: Clock): void;
  started(): void;
  ended(tookMs: number): void;
  succeeded(requeueAfter: boolean): void;
  failed(how: { readonly terminal: boolean; readonly timedOut: boolean }): void;
  panicked(): void;
}

export interface Metrics {
  controller(name: string, workers: number): ControllerMetrics;
  /** One request to the API server ended; code 0 when no answer came. */
  request(method: string, resource: string, code: number, tookMs: number): void;
  /** A reflector listed, or its watch broke. */
  reflector(resource: string, what: 'list' | 'watch' | 'error'): void;
  leader(leading: boolean): void;
  event(written: boolean): void;
}

const nothing = (): void => undefined;
export const noMetrics: Metrics = {
  controller: () => ({
    queue: { added: nothing, taken: nothing, finished: nothing, retried: nothing },
    observe: nothing,
    started: nothing,
    ended: nothing,
    succeeded: nothing,
    failed: nothing,
    panicked: nothing,
  }),
  request: nothing,
  reflector: nothing,
  leader: nothing,
  event: nothing,
};

/** The buckets of controller-runtime's reconcile time, seconds. */
const reconcileBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** The buckets of client-go's workqueue, seconds: 10 ns to 1000 s in tenfolds there, here from 1 ms. */
const queueBuckets = [0.001, 0.01, 0.1, 1, 10, 100, 1000];
const requestBuckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30];

export function createMetrics(registry: Registry = new Registry()): Metrics & { readonly registry: Registry } {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    new Counter({ name, help, labelNames, registers });
  // Read when the metrics are scraped: what a queue holds needs no bookkeeping in between.
  const readings: (() => void)[] = [];
  const collect = (): void => {
    for (const read of readings) read();
  };
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers });
  const reading = <L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers, collect });
  const histogram = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets: number[],
  ): Histogram<L> => new Histogram({ name, help, labelNames, buckets, registers });
  collectDefaultMetrics({ register: registry });

  const of = ['controller'] as const;
  const total = counter('controller_runtime_reconcile_total', 'Reconciles by result', ['controller', 'result']);
  const errors = counter('controller_runtime_reconcile_errors_total', 'Reconciles that failed', of);
  const terminal = counter('controller_runtime_terminal_reconcile_errors_total', 'Reconciles that cannot succeed', of);
  const panics = counter('controller_runtime_reconcile_panics_total', 'Reconciles that hit a programming error', of);
  const timeouts = counter('controller_runtime_reconcile_timeouts_total', 'Reconciles that took too long', of);
  const time = histogram('controller_runtime_reconcile_time_seconds', 'Time of a reconcile', of, reconcileBuckets);
  const maximum = gauge('controller_runtime_max_concurrent_reconciles', 'Workers', of);
  const active = gauge('controller_runtime_active_workers', 'Workers that reconcile now', of);

  const names = ['name', 'controller'] as const;
  const depth = reading('workqueue_depth', 'Keys that wait', [...names, 'priority']);
  const adds = counter('workqueue_adds_total', 'Keys added', names);
  const waited = histogram('workqueue_queue_duration_seconds', 'Time a key waited', names, queueBuckets);
  const worked = histogram('workqueue_work_duration_seconds', 'Time a key was worked on', names, queueBuckets);
  const unfinished = reading('workqueue_unfinished_work_seconds', 'Sum of the ages of running work', names);
  const longest = reading('workqueue_longest_running_processor_seconds', 'Age of the oldest running work', names);
  const retries = counter('workqueue_retries_total', 'Keys added again after a failure', names);

  const requests = counter('rest_client_requests_total', 'Requests to the API server', ['code', 'method']);
  const duration = histogram(
    'rest_client_request_duration_seconds',
    'Time of a request',
    ['verb', 'resource'],
    requestBuckets,
  );
  const reflectors = counter('reflector_events_total', 'Lists, watches and errors of the caches', ['resource', 'what']);
  const leading = gauge('leader_election_master_status', '1 while this process leads', ['name']);
  const events = counter('event_recorder_events_total', 'Kubernetes Events', ['result']);
  leading.set({ name: 'operator' }, 0);
  for (const result of ['written', 'dropped']) events.inc({ result }, 0);

  const controller = (name: string, workers: number): ControllerMetrics => {
    const labels = { controller: name };
    const queue = { name, controller: name };
    for (const result of ['success', 'error', 'requeue', 'requeue_after']) total.inc({ ...labels, result }, 0);
    for (const metric of [errors, terminal, panics, timeouts]) metric.inc(labels, 0);
    time.zero(labels);
    for (const metric of [adds, retries]) metric.inc(queue, 0);
    for (const metric of [waited, worked]) metric.zero(queue);
    maximum.set(labels, workers);
    active.set(labels, 0);
    return {
      queue: {
        added: () => adds.inc(queue),
        taken: (ms) => waited.observe(queue, ms / 1000),
        finished: (ms) => worked.observe(queue, ms / 1000),
        retried: () => retries.inc(queue),
      },
      observe: (source, clock) => {
        readings.push(() => {
          const ages = [...source.activeSince()].map((since) => (clock.now() - since) / 1000);
          depth.set({ ...queue, priority: '0' }, source.depth);
          unfinished.set(
            queue,
            ages.reduce((sum, age) => sum + age, 0),
          );
          longest.set(queue, Math.max(0, ...ages));
        });
      },
      started: () => active.inc(labels),
      ended: (ms) => {
        active.dec(labels);
        time.observe(labels, ms / 1000);
      },
      succeeded: (requeueAfter) => total.inc({ ...labels, result: requeueAfter ? 'requeue_after' : 'success' }),
      failed: (how) => {
        total.inc({ ...labels, result: 'error' });
        errors.inc(labels);
        if (how.terminal) terminal.inc(labels);
        if (how.timedOut) timeouts.inc(labels);
      },
      panicked: () => panics.inc(labels),
    };
  };
  return {
    registry,
    controller,
    request: (method, resource, code, ms) => {
      requests.inc({ code: code === 0 ? '<error>' : String(code), method });
      duration.observe({ verb: method, resource }, ms / 1000);
    },
    reflector: (resource, what) => reflectors.inc({ resource, what }),
    leader: (leads) => leading.set({ name: 'operator' }, leads ? 1 : 0),
    event: (written) => events.inc({ result: written ? 'written' : 'dropped' }),
  };
}
