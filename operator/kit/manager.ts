/**
 * Runs a set of caches and controllers as one process: caches at once, controllers when this process leads, a health
 * server beside them, and an orderly end. Ready means that the caches are complete, so a standby is ready too. It must
 * not touch `process`: what ends it comes in as a signal, what must end the process goes out through `fatal`.
 */
import type { Client } from './client.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Controller } from './controller.ts';
import { type HealthServer, startHealthServer } from './health.ts';
import type { Projection } from './informer.ts';
import type { LeaderElection } from './lease.ts';
import type { Logger } from './log.ts';
import type { createMetrics } from './metrics.ts';
import type { Cached, KubeObject, Resource } from './object.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';

export interface ManagerOptions {
  /** For the caches; it only reads. */
  readonly client: Client;
  readonly log: Logger;
  readonly metrics: ReturnType<typeof createMetrics>;
  /** Ends the process. */
  readonly fatal: (error: unknown) => void;
  readonly health?: { readonly host: string; readonly port: number };
  /** Missing: this process always leads. */
  readonly election?: LeaderElection;
  /** Empty or missing: all namespaces. */
  readonly namespaces?: readonly string[];
  /** For running reconciles to end, default 20 000 ms. */
  readonly graceMs?: number;
  readonly clock?: Clock;
  /** Deep-freezes what the caches hold; for tests. */
  readonly frozen?: boolean;
}

/** Something beside the controllers that runs while this process leads, e.g. a prober; ends with the signal. */
export type Runnable = (signal: AbortSignal) => Promise<void>;

type Selection<W extends KubeObject, T extends Cached> = Pick<
  ReflectorOptions<W, T>,
  'indices' | 'labelSelector' | 'fieldSelector' | 'namespaces'
>;

export class Manager {
  readonly #options: ManagerOptions;
  readonly #clock: Clock;
  readonly #reflectors: {
    run(signal: AbortSignal): Promise<void>;
    hasSynced(): boolean;
    readonly resource: Resource;
  }[] = [];
  readonly #controllers: Controller[] = [];
  readonly #runnables: Runnable[] = [];
  #stopping = false;
  #health: HealthServer | undefined;

  constructor(options: ManagerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Declares a cache; it fills once run() is called. */
  informer<W extends KubeObject, T extends Cached>(
    resource: Resource<W>,
    project: Projection<W, T>,
    selection: Selection<W, T> = {},
  ): Reflector<W, T> {
    const { client, log, metrics, fatal, namespaces, frozen } = this.#options;
    const reflector = new Reflector<W, T>({
      client,
      resource,
      project,
      log,
      metrics,
      fatal,
      clock: this.#clock,
      frozen: frozen ?? false,
      // Cluster-scoped kinds have no namespaces to choose from.
      ...(resource.namespaced && namespaces !== undefined ? { namespaces } : {}),
      ...selection,
    });
    this.#reflectors.push(reflector);
    return reflector;
  }

  add(controller: Controller): void {
    this.#controllers.push(controller);
  }

  /** Runs while this process leads. */
  addRunnable(runnable: Runnable): void {
    this.#runnables.push(runnable);
  }

  /** Undefined when ready, else what is missing. */
  unready(): string | undefined {
    if (this.#stopping) return 'stopping';
    const missing = this.#reflectors.filter((reflector) => !reflector.hasSynced());
    if (missing.length === 0) return undefined;
    return `caches not complete: ${missing.map((reflector) => reflector.resource.plural).join(', ')}`;
  }

  /** The port of the health server once run() has started it. */
  get healthPort(): number | undefined {
    return this.#health?.port;
  }

  /** Runs until the signal aborts and everything has ended in order. */
  async run(signal: AbortSignal): Promise<void> {
    const { health, metrics, election, log } = this.#options;
    if (health !== undefined) {
      this.#health = await startHealthServer({ ...health, unready: () => this.unready(), registry: metrics.registry });
    }
    const sources = new AbortController();
    const leading = new AbortController();
    const caches = this.#reflectors.map((reflector) => reflector.run(sources.signal));
    let work: Promise<void> | undefined;
    let holding: Promise<void> | undefined;
    try {
      if (election !== undefined) {
        await election.acquire(signal);
        holding = election.hold(leading.signal);
      }
      work = this.#work(signal);
      await aborted(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#stopping = true;
      log.info({}, 'stopping');
      // First nothing new comes in, then what runs ends, then another may lead.
      sources.abort();
      const graceMs = this.#options.graceMs ?? 20_000;
      await Promise.all([...this.#controllers.map((controller) => controller.stop(graceMs)), ...caches]);
      await work;
      leading.abort();
      await holding;
      await this.#health?.close();
    }
  }

  async #work(signal: AbortSignal): Promise<void> {
    const started = this.#controllers.map((controller) => controller.start(signal));
    const running = this.#runnables.map((runnable) => runnable(signal));
    try {
      await Promise.all([...started, ...running]);
    } catch (error) {
      if (!signal.aborted) this.#options.fatal(error);
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
