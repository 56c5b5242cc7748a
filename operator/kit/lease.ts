/**
 * Leader election over a coordination.k8s.io Lease. Whether another's lease has run out is judged by the local
 * monotonic time since its record last changed, never by comparing clocks; whether ours still holds, by the time the
 * last successful renewal was *started*. A process that was stopped and continued therefore knows at its first
 * instruction that it must not write. It must not know what the leader does.
 */
import type { Client } from './client.ts';
import { type Clock, sleep, systemClock } from './clock.ts';
import { isAlreadyExists, isConflict, isNotFound } from './errors.ts';
import type { Logger } from './log.ts';
import { type Metrics, noMetrics } from './metrics.ts';
import type { Key } from './object.ts';
import { leases } from './resources.ts';
import type { Lease, LeaseSpec } from './wire.ts';

export interface LeaseOptions {
  readonly client: Client;
  readonly key: Key;
  /** Unique to this process, e.g. the pod's name and a random part. */
  readonly identity: string;
  readonly log: Logger;
  /** Ends the process; called when leadership is lost. */
  readonly fatal: (error: unknown) => void;
  /** After which a silent holder is succeeded, default 5000 ms. */
  readonly durationMs?: number;
  /** After which a holder which cannot renew stops writing, default 3500 ms; must be below durationMs. */
  readonly renewDeadlineMs?: number;
  /** Between renewals and attempts, default 500 ms. */
  readonly retryMs?: number;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
}

/** The record as last seen, and when (clock.now()) it was first seen so. */
interface Seen {
  readonly lease: Lease;
  readonly record: string;
  readonly at: number;
}

const neverAborted = new AbortController().signal;

export class LeaderElection {
  readonly #options: LeaseOptions;
  readonly #clock: Clock;
  readonly #metrics: Metrics;
  readonly #durationMs: number;
  readonly #deadlineMs: number;
  readonly #retryMs: number;
  #seen: Seen | undefined;
  /** Start of the last renewal that succeeded (clock.now()). */
  #renewedAt: number | undefined;
  #wake: () => void = () => undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#metrics = options.metrics ?? noMetrics;
    this.#durationMs = options.durationMs ?? 5000;
    this.#deadlineMs = options.renewDeadlineMs ?? 3500;
    this.#retryMs = options.retryMs ?? 500;
    if (this.#deadlineMs >= this.#durationMs) throw new Error('the renew deadline must be below the lease duration');
    if (this.#retryMs * 2 > this.#deadlineMs) throw new Error('the lease needs two tries within the renew deadline');
  }

  /** Whether this process may write now. Ask before each write. */
  valid(): boolean {
    return this.#renewedAt !== undefined && this.#clock.now() - this.#renewedAt < this.#deadlineMs;
  }

  /** Resolves when this process leads; rejects with the signal's reason. */
  async acquire(signal: AbortSignal): Promise<void> {
    const watching = new AbortController();
    const stop = (): void => watching.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const watched = this.#watch(watching.signal);
    try {
      for (;;) {
        signal.throwIfAborted();
        if (await this.#tryToHold(signal)) break;
        await this.#untilWorthATry(signal);
      }
    } finally {
      watching.abort();
      signal.removeEventListener('abort', stop);
      await watched;
    }
    this.#metrics.leader(true);
    this.#options.log.info({ lease: this.#options.key.name, identity: this.#options.identity }, 'leading');
  }

  /** Keeps the lease until the signal aborts, then gives it back. Calls fatal when it is lost. */
  async hold(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#clock, this.#retryMs, signal).catch(() => undefined);
      if (signal.aborted) break;
      // Not cut short by the signal: a renewal whose answer is lost could not be released.
      const held = this.valid() && (await this.#tryToHold(neverAborted));
      if (held || (this.valid() && !this.#heldByAnother()) || signal.aborted) continue;
      this.#lose();
      return;
    }
    await this.#release();
  }

  #lose(): void {
    this.#renewedAt = undefined;
    this.#metrics.leader(false);
    this.#options.fatal(new Error('the leader lease was lost'));
  }

  #heldByAnother(): boolean {
    const holder = this.#seen?.lease.spec.holderIdentity;
    return holder !== undefined && holder !== '' && holder !== this.#options.identity;
  }

  /** One attempt to take or renew; false when another holds it or the API server cannot be asked. */
  async #tryToHold(signal: AbortSignal): Promise<boolean> {
    const started = this.#clock.now();
    const options = { signal, timeoutMs: this.#deadlineMs / 2 };
    try {
      if (this.#seen === undefined || this.#seen.lease.spec.holderIdentity !== this.#options.identity)
        await this.#read(options);
      const seen = this.#seen;
      if (seen === undefined) {
        this.#note(await this.#options.client.create(leases, this.#record(undefined), options));
      } else {
        if (!this.#mayTake(seen)) return false;
        this.#note(await this.#options.client.update(leases, this.#record(seen.lease), options));
      }
      this.#renewedAt = started;
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      if (isConflict(error) || isAlreadyExists(error) || isNotFound(error)) {
        await this.#read(options).catch(() => undefined);
        return false;
      }
      this.#options.log.warn({ error }, 'the lease could not be read or renewed');
      return false;
    }
  }

  #mayTake(seen: Seen): boolean {
    if (!this.#heldByAnother()) return true;
    const theirs = (seen.lease.spec.leaseDurationSeconds ?? 0) * 1000;
    return this.#clock.now() - seen.at > Math.max(theirs, this.#durationMs);
  }

  async #read(options: { readonly signal: AbortSignal; readonly timeoutMs: number }): Promise<void> {
    try {
      this.#note(await this.#options.client.get(leases, this.#options.key, options));
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#seen = undefined;
    }
  }

  #note(lease: Lease): void {
    const record = JSON.stringify(lease.spec);
    const at = this.#seen?.record === record ? this.#seen.at : this.#clock.now();
    this.#seen = { lease, record, at };
  }

  #record(before: Lease | undefined): Lease {
    const now = microTime(this.#clock.wall());
    const ours = before?.spec.holderIdentity === this.#options.identity;
    const spec: LeaseSpec = {
      holderIdentity: this.#options.identity,
      leaseDurationSeconds: Math.ceil(this.#durationMs / 1000),
      acquireTime: ours ? (before?.spec.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (before?.spec.leaseTransitions ?? 0) + (ours || before === undefined ? 0 : 1),
    };
    const { namespace, name } = this.#options.key;
    const version = before?.metadata.resourceVersion;
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace, name, ...(version === undefined ? {} : { resourceVersion: version }) },
      spec,
    };
  }

  /** Until the present record would run out, or the watch shows a change. */
  async #untilWorthATry(signal: AbortSignal): Promise<void> {
    const left = this.#seen === undefined ? 0 : this.#seen.at + this.#durationMs - this.#clock.now();
    const woken = Promise.withResolvers<undefined>();
    this.#wake = () => woken.resolve(undefined);
    const abort = new AbortController();
    const stop = (): void => abort.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const wait = sleep(this.#clock, Math.max(this.#retryMs, left), abort.signal).catch(() => undefined);
    await Promise.race([wait, woken.promise]);
    abort.abort();
    signal.removeEventListener('abort', stop);
  }

  /** Tells of changes of the Lease at once, so that a released one is taken within milliseconds. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { namespace, name } = this.#options.key;
    while (!signal.aborted) {
      try {
        const options = { namespace, fieldSelector: `metadata.name=${name}`, signal };
        for await (const batch of this.#options.client.watch(leases, options)) {
          for (const event of batch) {
            if (event.type === 'ADDED' || event.type === 'MODIFIED') this.#note(event.object);
            if (event.type === 'DELETED') this.#seen = undefined;
            if (!this.#heldByAnother()) this.#wake();
          }
        }
      } catch (error) {
        if (!signal.aborted) this.#options.log.debug({ error }, 'the watch on the lease broke');
      }
      await sleep(this.#clock, this.#retryMs, signal).catch(() => undefined);
    }
  }

  async #release(): Promise<void> {
    const lease = this.#seen?.lease;
    const ours = this.valid() && lease?.spec.holderIdentity === this.#options.identity;
    this.#renewedAt = undefined;
    this.#metrics.leader(false);
    if (!ours || lease === undefined) return;
    try {
      const spec = {
        ...lease.spec,
        holderIdentity: '',
        leaseDurationSeconds: 1,
        renewTime: microTime(this.#clock.wall()),
      };
      await this.#options.client.update(leases, { ...lease, spec }, { timeoutMs: this.#deadlineMs / 2 });
    } catch (error) {
      this.#options.log.warn({ error }, 'the lease could not be released; it runs out by itself');
    }
  }
}

/** metav1.MicroTime. */
function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000Z');
}
