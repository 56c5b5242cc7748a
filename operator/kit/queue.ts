/**
 * A work queue of keys after client-go's workqueue: a key waits at most once, is never worked on twice at a time, and
 * a key added while it is being worked on runs once more afterwards. Keys of low priority wait behind the others.
 * Retries back off per key and share one token bucket, so a thousand failing keys neither starve the rest nor wait for
 * minutes.
 */
import { type Clock, systemClock } from './clock.ts';
import { Lanes, type Priority } from './lanes.ts';
import { Schedule } from './schedule.ts';

/** What a queue tells its observer (metrics.ts). */
export interface QueueObserver {
  added(): void;
  /** Waited this long before a worker took it, ms. */
  taken(waitedMs: number): void;
  /** Was worked on this long, ms. */
  finished(workedMs: number): void;
  retried(): void;
}

export interface QueueOptions {
  /** First pause of a failing key, ms; doubles with each failure. */
  readonly baseMs?: number;
  readonly maxMs?: number;
  /**
   * How long a key rests after it was worked on, ms, default 0: what comes in meanwhile runs as one at the end. The first
   * change of a quiet key still runs at once.
   */
  readonly restMs?: number;
  /** Retries per second over all keys, and how many may come at once. */
  readonly retriesPerSecond?: number;
  readonly retryBurst?: number;
  readonly clock?: Clock;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
  readonly observer?: QueueObserver;
}

export class Queue {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #baseMs: number;
  readonly #maxMs: number;
  readonly #observer: QueueObserver | undefined;
  readonly #bucket: TokenBucket;
  readonly #later: Schedule<string>;
  readonly #resting: Schedule<string>;
  readonly #restMs: number;
  readonly #ready = new Lanes();
  /** Waiting keys, ready or to be run again after the present run, and since when. */
  readonly #waiting = new Map<string, { readonly since: number; readonly priority: Priority }>();
  readonly #active = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #closed = false;

  constructor(options: QueueOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#baseMs = options.baseMs ?? 20;
    this.#maxMs = options.maxMs ?? 30_000;
    this.#observer = options.observer;
    this.#bucket = new TokenBucket(this.#clock, options.retriesPerSecond ?? 200, options.retryBurst ?? 1000);
    this.#later = new Schedule(this.#clock, (key) => this.add(key, this.#failures.has(key) ? 'normal' : 'low'));
    this.#restMs = options.restMs ?? 0;
    this.#resting = new Schedule(this.#clock, (key) => this.#rested(key));
  }

  /** Keys a worker could take now. */
  get depth(): number {
    return this.#ready.size;
  }

  /** Keys being worked on. */
  get active(): number {
    return this.#active.size;
  }

  /** Keys that wait for their time. */
  get delayed(): number {
    return this.#later.size;
  }

  /** Since when (clock.now()) each active key is worked on. */
  activeSince(): IterableIterator<number> {
    return this.#active.values();
  }

  /** Of two priorities the higher wins. */
  add(key: string, priority: Priority = 'normal'): void {
    if (this.#closed) return;
    const waiting = this.#waiting.get(key);
    if (waiting?.priority === priority || waiting?.priority === 'normal') return;
    this.#later.delete(key);
    this.#waiting.set(key, { since: waiting?.since ?? this.#clock.now(), priority });
    if (waiting === undefined) this.#observer?.added();
    if (!this.#active.has(key) && !this.#resting.has(key)) this.#offer(key);
  }

  /** Adds the key later, with low priority unless it failed; of two times the earlier one wins, and add() overtakes both. */
  addAfter(key: string, ms: number): void {
    if (this.#closed || this.#waiting.has(key)) return;
    if (ms <= 0) this.add(key);
    else this.#later.set(key, ms);
  }

  /**
   * Adds a failed key after a pause: `afterMs` if the API server named one, else full jitter over a span that doubles
   * with each failure, and in either case not before the shared bucket has a token. Returns the pause in ms.
   */
  retry(key: string, afterMs?: number): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const span = Math.min(this.#baseMs * 2 ** Math.min(failures, 40), this.#maxMs);
    const pause = Math.max(afterMs ?? span * this.#random(), this.#bucket.reserve(), 1);
    this.#observer?.retried();
    this.addAfter(key, pause);
    return pause;
  }

  /** The key succeeded: its next failure starts from the first pause again. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next key, or undefined once the queue is closed and empty. Every key taken must be given to done(). */
  take(): Promise<string | undefined> {
    const key = this.#ready.shift(this.#clock.now());
    if (key !== undefined) {
      this.#start(key);
      return Promise.resolve(key);
    }
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  done(key: string): void {
    const since = this.#active.get(key);
    if (since === undefined) throw new TypeError(`done(${key}) without take()`);
    this.#active.delete(key);
    this.#observer?.finished(this.#clock.now() - since);
    if (this.#restMs > 0 && !this.#closed) this.#resting.set(key, this.#restMs);
    else this.#rested(key);
  }

  /** Takes nothing in any more and drops what is to come later; what is ready still can be taken. */
  close(): void {
    this.#closed = true;
    this.#later.clear();
    const resting = [...this.#waiting.keys()].filter((key) => this.#resting.has(key));
    this.#resting.clear();
    for (const key of resting) this.#offer(key);
    for (const resolve of this.#takers.splice(0)) resolve(undefined);
  }

  #rested(key: string): void {
    if (this.#waiting.has(key)) this.#offer(key);
  }

  #offer(key: string): void {
    const taker = this.#takers.shift();
    if (taker === undefined) {
      this.#ready.offer(key, this.#waiting.get(key)?.priority ?? 'normal', this.#clock.now());
      return;
    }
    this.#start(key);
    taker(key);
  }

  #start(key: string): void {
    const now = this.#clock.now();
    this.#observer?.taken(now - (this.#waiting.get(key)?.since ?? now));
    this.#waiting.delete(key);
    this.#active.set(key, now);
  }
}

/** A bucket that lends: reserve() always takes a token and says how long to wait until it is really there. */
class TokenBucket {
  readonly #clock: Clock;
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock;
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = clock.now();
  }

  reserve(): number {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs) - 1;
    this.#at = now;
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#perMs;
  }
}
