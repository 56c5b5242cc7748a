/**
 * Writes the status of an McpServer when it differs, and not more often than somebody needs it: what turns a server
 * ready or unready at once, another verdict after a moment in which more may follow, mere counts later still. So a
 * start costs one or two writes and not one for each pod event.
 */
import type { McpServerStatus } from '#crds/mcpserver-status.ts';
import type { Applier } from '#operator/kit/apply.ts';
import type { RequestOptions } from '#operator/kit/client.ts';
import type { Clock } from '#operator/kit/clock.ts';
import { findCondition, formatTime } from '#operator/kit/conditions.ts';
import { formatKey, type Key } from '#operator/kit/object.ts';
import { canonical, hashOf } from '#operator/kit/owned.ts';
import type { Store } from '#operator/kit/store.ts';
import { type CachedMcpServer, mcpServers } from '#operator/workload/customresources.ts';

/** How long a change may wait for others to join it, in ms. */
export const PATIENCE_MS = { now: 0, verdict: 1_000, count: 5_000 } as const;

export type Urgency = keyof typeof PATIENCE_MS;

/** Undefined when there is nothing to write. */
export function urgency(previous: McpServerStatus | undefined, next: McpServerStatus): Urgency | undefined {
  if (hashOf(canonical(previous ?? {})) === hashOf(canonical(next))) return undefined;
  if (turned('Ready', previous, next) || turned('Degraded', previous, next)) return 'now';
  const refused = findCondition(next.conditions, 'Accepted');
  if (refused?.status === 'False' && refused.message !== findCondition(previous?.conditions, 'Accepted')?.message)
    return 'now';
  return verdictsOf(previous) === verdictsOf(next) ? 'count' : 'verdict';
}

/** Whether the condition says something else than before; not yet true counts as not true. */
function turned(type: string, previous: McpServerStatus | undefined, next: McpServerStatus): boolean {
  const holds = (status: McpServerStatus | undefined) => findCondition(status?.conditions, type)?.status === 'True';
  return holds(previous) !== holds(next);
}

const verdictsOf = (status: McpServerStatus | undefined): string =>
  JSON.stringify([
    status?.observedGeneration,
    status?.conditions?.map(({ type, status, reason }) => [type, status, reason]),
  ]);

export interface StatusWriterOptions {
  readonly applier: Applier;
  readonly store: Store<CachedMcpServer>;
  readonly clock: Clock;
  /** Called for each status that was written. */
  readonly onWritten: (server: CachedMcpServer, previous: McpServerStatus | undefined, next: McpServerStatus) => void;
}

interface Memory {
  readonly uid: string;
  /** Since when a difference waits, by the monotonic clock. */
  waitingSince?: number;
  /** Our last write, and the version of the object that it was made from. */
  written?: { readonly status: McpServerStatus; readonly version: string };
}

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #memories = new Map<string, Memory>();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Milliseconds after which to come back, undefined when nothing is left to write. */
  async write(
    server: CachedMcpServer,
    judge: (previous: McpServerStatus | undefined, now: string) => McpServerStatus,
    options: RequestOptions,
  ): Promise<number | undefined> {
    const { applier, store, clock, onWritten } = this.#options;
    const memory = this.#memoryOf(server);
    const previous = lastStatus(server, memory);
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
    if (!(await applier.applyStatus(mcpServers, server, next, store, options))) return undefined;
    memory.written = { status: next, version: server.metadata.resourceVersion };
    onWritten(server, previous, next);
    return undefined;
  }

  forget(key: Key): void {
    this.#memories.delete(formatKey(key));
  }

  #memoryOf({ metadata }: CachedMcpServer): Memory {
    const key = formatKey(metadata);
    const known = this.#memories.get(key);
    if (known?.uid === metadata.uid) return known;
    const fresh = { uid: metadata.uid };
    this.#memories.set(key, fresh);
    return fresh;
  }
}

/** What was written last, where the cache still shows the object as it was before. */
function lastStatus(server: CachedMcpServer, { written }: Memory): McpServerStatus | undefined {
  return written?.version === server.metadata.resourceVersion ? written.status : server.status;
}
