/**
 * Keeps a store equal to what the API server holds of one kind, after client-go's reflector: a streaming list (or pages
 * where that is refused), then a watch that resumes from the last version seen. It never gives up: cuts, refusals, 410
 * and expired credentials only make it wait and go on. It must not know what objects mean beyond their projection.
 */
import type { Client, WatchEvent, WatchOptions } from './client.ts';
import { type Clock, sleep, systemClock } from './clock.ts';
import { errorFromStatus, isGone, isInvalid, isProgrammingError, retryAfterMs } from './errors.ts';
import type { Informer, Projection } from './informer.ts';
import type { Logger } from './log.ts';
import { type Metrics, noMetrics } from './metrics.ts';
import { type Cached, formatKey, type KubeObject, keyOf, type Resource } from './object.ts';
import { Store, type StoreOptions } from './store.ts';

export interface ReflectorOptions<W extends KubeObject, T extends Cached> extends StoreOptions<T> {
  readonly client: Client;
  readonly resource: Resource<W>;
  readonly project: Projection<W, T>;
  readonly log: Logger;
  /** Ends the process; called when a projection or a listener hits a programming error. */
  readonly fatal: (error: unknown) => void;
  /** Empty or missing: all namespaces. */
  readonly namespaces?: readonly string[];
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

const initialEventsEnd = 'k8s.io/initial-events-end';
const minBackoffMs = 50;
const maxBackoffMs = 10_000;

export class Reflector<W extends KubeObject, T extends Cached> implements Informer<T> {
  readonly resource: Resource;
  readonly store: Store<T>;
  readonly #options: ReflectorOptions<W, T>;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #metrics: Metrics;
  readonly #log: Logger;
  readonly #unsynced: Set<string>;
  readonly #synced = Promise.withResolvers<undefined>();
  /** Whether the API server streams lists; learned from its first refusal. */
  #streams = true;
  #started = false;

  constructor(options: ReflectorOptions<W, T>) {
    this.resource = options.resource;
    this.store = new Store(options);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#metrics = options.metrics ?? noMetrics;
    this.#log = options.log.child({ resource: options.resource.plural });
    this.#unsynced = new Set(options.namespaces?.length ? options.namespaces : ['']);
  }

  hasSynced(): boolean {
    return this.#unsynced.size === 0;
  }

  whenSynced(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) return this.#synced.promise;
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(signal.reason as Error);
      if (signal.aborted) abort();
      signal.addEventListener('abort', abort, { once: true });
      void this.#synced.promise.then(() => {
        signal.removeEventListener('abort', abort);
        resolve();
      });
    });
  }

  /** Runs until the signal aborts; resolves then. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#started) throw new TypeError(`the reflector of ${this.resource.plural} runs already`);
    this.#started = true;
    await Promise.all([...this.#unsynced].map((scope) => this.#follow(scope, signal)));
  }

  async #follow(scope: string, signal: AbortSignal): Promise<void> {
    let failures = 0;
    let mustList = true;
    while (!signal.aborted) {
      let progressed = false;
      const seen = (): void => {
        progressed = true;
        mustList = false;
      };
      try {
        if (mustList && !this.#streams) {
          await this.#list(scope, signal);
          seen();
        }
        await this.#watch(scope, mustList, signal, seen);
        failures = 0;
        // A server that ends each watch at once must not be asked without a pause.
        if (!progressed) await this.#pause(minBackoffMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (isProgrammingError(error)) {
          this.#options.fatal(error);
          return;
        }
        if (isGone(error)) mustList = true;
        if (mustList && this.#streams && isInvalid(error)) {
          this.#streams = false;
          this.#log.info({ error }, 'the API server does not stream lists, so pages are read');
          continue;
        }
        failures = progressed ? 1 : failures + 1;
        this.#metrics.reflector(this.resource.plural, 'error');
        const backoff = Math.min(minBackoffMs * 2 ** Math.min(failures - 1, 20), maxBackoffMs);
        const pauseMs = retryAfterMs(error) ?? backoff;
        // The first break of a watch is everyday; a second in a row is worth a word.
        const say = failures > 1 ? this.#log.warn : this.#log.debug;
        say.call(this.#log, { error, failures, retryInMs: Math.round(pauseMs) }, 'list or watch broke');
        await this.#pause(pauseMs, signal);
      }
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    await sleep(this.#clock, ms * (0.5 + this.#random()), signal).catch(() => undefined);
  }

  /** Reads pages; each is projected and dropped before the next comes. */
  async #list(scope: string, signal: AbortSignal): Promise<void> {
    this.#metrics.reflector(this.resource.plural, 'list');
    const listed = new Set<string>();
    let version = '';
    for await (const page of this.#options.client.pages(this.#options.resource, {
      ...this.#selection(scope),
      signal,
    })) {
      for (const object of page.items) {
        listed.add(formatKey(keyOf(object)));
        this.store.upsert(this.#options.project(object));
      }
      version = page.resourceVersion;
    }
    this.#complete(scope, listed, version);
  }

  /** Follows one watch to its end. With `fromStart` it first streams what exists. */
  async #watch(scope: string, fromStart: boolean, signal: AbortSignal, seen: () => void): Promise<void> {
    const resumeFrom = this.store.version(scope);
    const streaming = fromStart && this.#streams;
    this.#metrics.reflector(this.resource.plural, streaming ? 'list' : 'watch');
    const end = new AbortController();
    const timeoutSeconds = 300 + Math.floor(this.#random() * 300);
    // The server ends the watch itself; this catches one that forgot to.
    const cancel = this.#clock.after((timeoutSeconds + 30) * 1000, () =>
      end.abort(new Error('the watch outlived its time')),
    );
    const stop = (): void => end.abort(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const options: WatchOptions = {
      ...this.#selection(scope),
      signal: end.signal,
      timeoutSeconds,
      ...(streaming ? { sendInitialEvents: true } : resumeFrom === undefined ? {} : { resourceVersion: resumeFrom }),
    };
    let listed = streaming ? new Set<string>() : undefined;
    try {
      for await (const batch of this.#options.client.watch(this.#options.resource, options)) {
        for (const event of batch) {
          if (this.#take(scope, event, listed)) listed = undefined;
          if (listed === undefined) seen();
        }
      }
      if (listed !== undefined) throw new Error('the streamed list ended before it was complete');
    } finally {
      cancel();
      signal.removeEventListener('abort', stop);
    }
  }

  /** Takes in one event; true when it completed the streamed list. */
  #take(scope: string, event: WatchEvent<W>, listed: Set<string> | undefined): boolean {
    if (event.type === 'ERROR') throw errorFromStatus(event.object, 500);
    const version = event.object.metadata.resourceVersion;
    if (version === undefined) throw new Error(`a ${event.type} event came without resourceVersion`);
    if (event.type === 'BOOKMARK') {
      if (listed === undefined) this.store.advance(scope, version);
      else if (event.object.metadata.annotations?.[initialEventsEnd] === 'true') {
        this.#complete(scope, listed, version);
        return true;
      }
      return false;
    }
    const key = keyOf(event.object);
    if (event.type === 'DELETED') {
      listed?.delete(formatKey(key));
      this.store.remove(key, version);
    } else {
      listed?.add(formatKey(key));
      this.store.upsert(this.#options.project(event.object));
    }
    if (listed === undefined) this.store.advance(scope, version);
    return false;
  }

  #complete(scope: string, listed: ReadonlySet<string>, version: string): void {
    this.store.retain(scope, listed, version);
    if (this.#unsynced.delete(scope) && this.#unsynced.size === 0) {
      this.#log.debug({ objects: this.store.size }, 'cache is complete');
      this.#synced.resolve(undefined);
    }
  }

  #selection(scope: string): Pick<WatchOptions, 'namespace' | 'labelSelector' | 'fieldSelector'> {
    const { labelSelector, fieldSelector } = this.#options;
    return {
      ...(scope === '' ? {} : { namespace: scope }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
  }
}
