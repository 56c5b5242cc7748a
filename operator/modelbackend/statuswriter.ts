/**
 * Writes the status of a ModelBackend when it differs, and not more often than somebody needs it: what servers route by
 * at once, another verdict after a moment in which more may follow, mere counts later still. So a start costs two or
 * three writes and not one for each pod event and answer.
 */
import type { ModelBackendStatus } from '#crds/modelbackend-status.ts';
import type { Applier } from '#operator/kit/apply.ts';
import type { RequestOptions } from '#operator/kit/client.ts';
import type { Clock } from '#operator/kit/clock.ts';
import { findCondition, formatTime } from '#operator/kit/conditions.ts';
import { formatKey, type Key } from '#operator/kit/object.ts';
import { canonical, hashOf } from '#operator/kit/owned.ts';
import type { Store } from '#operator/kit/store.ts';
import { type CachedModelBackend, modelBackends } from '#operator/workload/customresources.ts';

/** How long a change may wait for others to join it, in ms. */
export const PATIENCE_MS = { now: 0, verdict: 1_000, count: 5_000 } as const;

export type Urgency = keyof typeof PATIENCE_MS;

/** Undefined when there is nothing to write. */
export function urgency(previous: ModelBackendStatus | undefined, next: ModelBackendStatus): Urgency | undefined {
  if (hashOf(canonical(previous ?? {})) === hashOf(canonical(next))) return undefined;
  if (usable(previous) !== usable(next)) return 'now';
  const refused = findCondition(next.conditions, 'Accepted');
  if (refused?.status === 'False' && refused.message !== findCondition(previous?.conditions, 'Accepted')?.message)
    return 'now';
  return verdictsOf(previous) === verdictsOf(next) ? 'count' : 'verdict';
}

/** What a server needs to know before it sends the next request; not yet true counts as not true. */
function usable(status: ModelBackendStatus | undefined): string {
  const holds = (type: string) => findCondition(status?.conditions, type)?.status === 'True';
  const loaded = (status?.models ?? []).filter(({ state }) => state === 'Loaded').map(({ name }) => name);
  return JSON.stringify([holds('Ready'), holds('Degraded'), holds('Ready') ? loaded : []]);
}

const verdictsOf = (status: ModelBackendStatus | undefined): string =>
  JSON.stringify([
    status?.observedGeneration,
    status?.conditions?.map(({ type, status, reason }) => [type, status, reason]),
    status?.models?.map(({ name, state }) => [name, state]),
  ]);

export interface StatusWriterOptions {
  readonly applier: Applier;
  readonly store: Store<CachedModelBackend>;
  readonly clock: Clock;
  /** Called for each status that was written. */
  readonly onWritten: (
    backend: CachedModelBackend,
    previous: ModelBackendStatus | undefined,
    next: ModelBackendStatus,
  ) => void;
}

interface Memory {
  readonly uid: string;
  /** Since when a difference waits, by the monotonic clock. */
  waitingSince?: number;
  /** Our last write, and the version of the object that it was made from. */
  written?: { readonly status: ModelBackendStatus; readonly version: string };
}

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #memories = new Map<string, Memory>();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Milliseconds after which to come back, undefined when nothing is left to write. */
  async write(
    backend: CachedModelBackend,
    judge: (previous: ModelBackendStatus | undefined, now: string) => ModelBackendStatus,
    options: RequestOptions,
  ): Promise<number | undefined> {
    const { applier, store, clock, onWritten } = this.#options;
    const memory = this.#memoryOf(backend);
    const previous = lastStatus(backend, memory);
    const next = judge(previous, formatTime(clock.wall()));
    const how = urgency(previous, next);
    if (how === undefined) {
      delete memory.waitingSince;
      return undefined;
    }
    memory.waitingSince ??= clock.now();
    const left = memory.waitingSince + PATIENCE_MS[how] - clock.now();
    if (left > 0) return left;
    delete memory.waitingSince;
    if (!(await applier.applyStatus(modelBackends, backend, next, store, options))) return undefined;
    memory.written = { status: next, version: backend.metadata.resourceVersion };
    onWritten(backend, previous, next);
    return undefined;
  }

  forget(key: Key): void {
    this.#memories.delete(formatKey(key));
  }

  #memoryOf({ metadata }: CachedModelBackend): Memory {
    const key = formatKey(metadata);
    const known = this.#memories.get(key);
    if (known?.uid === metadata.uid) return known;
    const fresh = { uid: metadata.uid };
    this.#memories.set(key, fresh);
    return fresh;
  }
}

/** What was written last, where the cache still shows the object as it was before. */
function lastStatus(backend: CachedModelBackend, { written }: Memory): ModelBackendStatus | undefined {
  return written?.version === backend.metadata.resourceVersion ? written.status : backend.status;
}
