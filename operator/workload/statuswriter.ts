/**
 * Writes the status of a custom resource when it differs, and not more often than somebody needs it: some changes at
 * once, another verdict after a moment in which more may follow, mere counts later still. So a start costs one or two
 * writes and not one for each pod event. What is urgent is for the kind to say.
 */
import type { Applier } from '#operator/kit/apply.ts';
import type { RequestOptions } from '#operator/kit/client.ts';
import type { Clock } from '#operator/kit/clock.ts';
import { formatTime } from '#operator/kit/conditions.ts';
import { type Cached, formatKey, type Json, type Key, type Resource } from '#operator/kit/object.ts';
import { canonical, hashOf } from '#operator/kit/owned.ts';
import type { Store } from '#operator/kit/store.ts';

/** How long a change may wait for others to join it, in ms. */
export const PATIENCE_MS = { now: 0, verdict: 2_000, count: 5_000 } as const;

export type Urgency = keyof typeof PATIENCE_MS;

export interface StatusWriterOptions<S, T> {
  readonly applier: Applier;
  readonly resource: Resource;
  readonly store: Pick<Store<Cached>, 'caughtUpTo'>;
  readonly clock: Clock;
  /** Of two statuses that differ; `previous` is undefined before the first. */
  readonly urgency: (previous: S | undefined, next: S) => Urgency;
  /** Called for each status that was written. */
  readonly onWritten: (object: T, previous: S | undefined, next: S) => void;
}

interface Memory<S> {
  readonly uid: string;
  /** Since when a difference waits, by the monotonic clock. */
  waitingSince?: number;
  /** Our last write, and the version of the object that it was made from. */
  written?: { readonly status: S; readonly version: string };
}

export class StatusWriter<S extends object, T extends Cached & { readonly status?: S }> {
  readonly #options: StatusWriterOptions<S, T>;
  readonly #memories = new Map<string, Memory<S>>();

  constructor(options: StatusWriterOptions<S, T>) {
    this.#options = options;
  }

  /** Milliseconds after which to come back, undefined when nothing is left to write. `judge` gets the time as RFC 3339. */
  async write(
    object: T,
    judge: (previous: S | undefined, now: string) => S,
    options: RequestOptions,
  ): Promise<number | undefined> {
    const { applier, resource, store, clock, urgency, onWritten } = this.#options;
    const memory = this.#memoryOf(object);
    const previous = lastStatus(object, memory);
    const next = judge(previous, formatTime(clock.wall()));
    if (contentOf(previous) === contentOf(next)) {
      delete memory.waitingSince;
      return undefined;
    }
    memory.waitingSince ??= clock.now();
    const left = memory.waitingSince + PATIENCE_MS[urgency(previous, next)] - clock.now();
    if (left > 0) return left;
    delete memory.waitingSince;
    if (!(await applier.applyStatus(resource, object, next, store, options))) return undefined;
    memory.written = { status: next, version: object.metadata.resourceVersion };
    onWritten(object, previous, next);
    return undefined;
  }

  /** To be called when the object is gone. */
  forget(key: Key): void {
    this.#memories.delete(formatKey(key));
  }

  #memoryOf({ metadata }: T): Memory<S> {
    const key = formatKey(metadata);
    const known = this.#memories.get(key);
    if (known?.uid === metadata.uid) return known;
    const fresh = { uid: metadata.uid };
    this.#memories.set(key, fresh);
    return fresh;
  }
}

const contentOf = (status: object | undefined): string => hashOf(canonical((status ?? {}) as Json));

/** What was written last, where the cache still shows the object as it was before. */
function lastStatus<S>(object: Cached & { readonly status?: S }, { written }: Memory<S>): S | undefined {
  return written?.version === object.metadata.resourceVersion ? written.status : object.status;
}
