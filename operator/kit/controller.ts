/**
 * One controller in controller-runtime's vocabulary: sources turn changes into keys, a queue holds them, workers give
 * each key to reconcile(). It must not know what is reconciled. Results: an error backs off (Retry-After wins), a
 * TerminalError is counted and dropped, requeueAfterMs comes back later, and a programming error ends the process.
 */
import { type Clock, systemClock } from './clock.ts';
import { isProgrammingError, retryAfterMs, TerminalError } from './errors.ts';
import type { Informer } from './informer.ts';
import type { Priority } from './lanes.ts';
import type { Logger } from './log.ts';
import { type ControllerMetrics, type Metrics, noMetrics } from './metrics.ts';
import { type Cached, controllerOf, formatKey, type Key, parseKey } from './object.ts';
import { deletionStarted, generationChanged, type Predicate, replaced } from './predicates.ts';
import { Queue, type QueueOptions } from './queue.ts';
import type { StoreEvent } from './store.ts';

export interface Result {
  /** Looked at again, behind what is new. */
  readonly requeueAfterMs?: number;
  /** Goes on behind the keys that wait now. */
  readonly again?: true;
}

/** Nothing more to do until something changes. */
export const done: Result = Object.freeze({});

export interface ReconcileContext {
  /** Aborts at the reconcile timeout and when the controller must stop at once. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** Brings the world nearer to what the object asks for. `request` names it and says nothing of any event. */
export type Reconcile = (request: Key, context: ReconcileContext) => Promise<Result>;

export interface ControllerOptions {
  readonly name: string;
  readonly reconcile: Reconcile;
  readonly log: Logger;
  /** Ends the process; called with a programming error. */
  readonly fatal: (error: unknown) => void;
  /** How many keys are worked on at once, default 32. */
  readonly workers?: number;
  /** Of one reconcile, default 60 000 ms. */
  readonly timeoutMs?: number;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
  readonly queue?: Pick<QueueOptions, 'baseMs' | 'maxMs' | 'restMs' | 'retriesPerSecond' | 'retryBurst' | 'random'>;
}

/** Which changes of a source count, and how much. */
export interface WatchesOptions<T> {
  /** Judge modifications, joined by "or"; without any, every one passes. */
  readonly predicates?: readonly Predicate<T>[];
  /** Default: everything is of normal priority. */
  readonly priority?: (event: StoreEvent<T>) => Priority;
}

/** Children report many times while they come up; one reconcile takes in what came within this time. */
const defaultRestMs = 50;

export class Controller {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #clock: Clock;
  readonly #workers: number;
  readonly #metrics: ControllerMetrics;
  readonly #queue: Queue;
  readonly #informers = new Set<Informer>();
  /** Of the reconciles that run now. */
  readonly #aborts = new Set<AbortController>();
  #stopAtOnce = false;
  #running: Promise<void> | undefined;

  constructor(options: ControllerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#workers = options.workers ?? 32;
    this.#metrics = (options.metrics ?? noMetrics).controller(options.name, this.#workers);
    this.#queue = new Queue({
      restMs: defaultRestMs,
      ...options.queue,
      clock: this.#clock,
      observer: this.#metrics.queue,
    });
    this.#metrics.observe(this.#queue, this.#clock);
  }

  /** The caches this controller reads; it works only once all are complete. */
  get informers(): ReadonlySet<Informer> {
    return this.#informers;
  }

  /** Objects of the controller's own kind: each change enqueues the object itself, a mere status with low priority. */
  for<T extends Cached>(informer: Informer<T>, ...predicates: readonly Predicate<T>[]): this {
    const asks = [generationChanged, deletionStarted, replaced];
    return this.watches(informer, (object) => [object.metadata], {
      predicates,
      priority: (event) =>
        event.type !== 'modified' || asks.some((asked) => asked(event.previous, event.object)) ? 'normal' : 'low',
    });
  }

  /** Children: each change enqueues the controller among the owners, when it is of `owner`'s kind. */
  owns<T extends Cached>(
    informer: Informer<T>,
    owner: Pick<Informer, 'resource'>,
    ...predicates: readonly Predicate<T>[]
  ): this {
    const { group, kind } = owner.resource;
    return this.watches(
      informer,
      (object) => {
        const reference = controllerOf(object);
        if (reference === undefined || reference.kind !== kind) return [];
        if (!reference.apiVersion.startsWith(group === '' ? 'v' : `${group}/`)) return [];
        return [{ namespace: object.metadata.namespace, name: reference.name }];
      },
      { predicates },
    );
  }

  /** Anything else: each change enqueues the keys `map` gives for the object as it is and as it was. */
  watches<T extends Cached>(
    informer: Informer<T>,
    map: (object: T) => Iterable<Key>,
    { predicates = [], priority }: WatchesOptions<T> = {},
  ): this {
    this.#informers.add(informer as unknown as Informer);
    informer.store.subscribe((event) => {
      if (event.type === 'modified') {
        const { previous, object } = event;
        if (predicates.length > 0 && !predicates.some((passes) => passes(previous, object))) return;
        const keys = new Set([...map(previous), ...map(object)].map(formatKey));
        for (const key of keys) this.#queue.add(key, priority?.(event));
      } else {
        for (const key of map(event.object)) this.#queue.add(formatKey(key), priority?.(event));
      }
    });
    return this;
  }

  /** From outside the sources, e.g. by a prober with a new finding. */
  enqueue(key: Key, priority?: Priority): void {
    this.#queue.add(formatKey(key), priority);
  }

  enqueueAfter(key: Key, ms: number): void {
    this.#queue.addAfter(formatKey(key), ms);
  }

  /** Starts the workers once all caches are complete. */
  async start(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#informers].map((informer) => informer.whenSynced(signal)));
    if (signal.aborted) return;
    this.#options.log.info({ controller: this.name, workers: this.#workers }, 'controller started');
    this.#running = Promise.all(Array.from({ length: this.#workers }, () => this.#work())).then(() => undefined);
  }

  /** Takes nothing new, works off what waits, and after `graceMs` aborts what still runs. */
  async stop(graceMs: number): Promise<void> {
    this.#queue.close();
    const cancel = this.#clock.after(graceMs, () => {
      this.#stopAtOnce = true;
      for (const abort of this.#aborts) abort.abort(new Error('the grace period is over'));
    });
    await this.#running;
    cancel();
  }

  async #work(): Promise<void> {
    for (;;) {
      const key = await this.#queue.take();
      if (key === undefined || this.#stopAtOnce) return;
      this.#metrics.started();
      const before = this.#clock.now();
      try {
        await this.#reconcile(key);
      } finally {
        this.#metrics.ended(this.#clock.now() - before);
        this.#queue.done(key);
      }
    }
  }

  async #reconcile(key: string): Promise<void> {
    const request = parseKey(key);
    const log = this.#options.log.child({ controller: this.name, namespace: request.namespace, name: request.name });
    const abort = new AbortController();
    let timedOut = false;
    const cancel = this.#clock.after(this.#options.timeoutMs ?? 60_000, () => {
      timedOut = true;
      abort.abort(new Error('the reconcile took too long'));
    });
    this.#aborts.add(abort);
    try {
      const result = await this.#options.reconcile(request, { signal: abort.signal, log });
      this.#queue.forget(key);
      if (result.again) this.#queue.add(key);
      else if (result.requeueAfterMs !== undefined) this.#queue.addAfter(key, result.requeueAfterMs);
      this.#metrics.succeeded(result.again === true || result.requeueAfterMs !== undefined);
    } catch (error) {
      this.#failed(key, error, log, timedOut);
    } finally {
      cancel();
      this.#aborts.delete(abort);
    }
  }

  #failed(key: string, error: unknown, log: Logger, timedOut: boolean): void {
    if (isProgrammingError(error)) {
      this.#metrics.panicked();
      log.error({ error }, 'reconcile hit a programming error');
      this.#options.fatal(error);
      return;
    }
    if (error instanceof TerminalError) {
      this.#metrics.failed({ terminal: true, timedOut });
      this.#queue.forget(key);
      log.error({ error }, 'reconcile cannot succeed; it is not tried again until something changes');
      return;
    }
    this.#metrics.failed({ terminal: false, timedOut });
    const pauseMs = this.#queue.retry(key, retryAfterMs(error));
    log.warn({ error, retryInMs: Math.round(pauseMs), failures: this.#queue.failures(key) }, 'reconcile failed');
  }
}
