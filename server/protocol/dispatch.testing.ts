/** A dispatch for tests over toolsets of their own, requests to it, and what it writes down. */
import { createLocalBus, type EventBus } from '../events/event.ts';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Toolset } from '../toolsets/toolset.ts';
import { createDispatch, type Dispatch, type DispatchOptions } from './dispatch.ts';
import { MODERN, type Request } from './request.ts';
import type { AuditEntry } from './run.ts';
import { openSealer } from './sealing.ts';
import { compileTable } from './table.ts';

export interface TestDispatch {
  readonly dispatch: Dispatch;
  readonly bus: EventBus;
  readonly lines: Record<string, unknown>[];
  readonly audited: AuditEntry[];
  /** Lets the clock of sealed texts run. */
  readonly forward: (ms: number) => void;
}

export interface TestDispatchOptions {
  readonly callTimeoutMs?: number;
}

/** Toolsets with what they need already. */
export function testDispatch<Deps>(
  toolset: Toolset<Deps, never> | Toolset<Deps, unknown>,
  deps: Deps,
  { callTimeoutMs = 5_000 }: TestDispatchOptions = {},
): TestDispatch {
  const lines: Record<string, unknown>[] = [];
  const audited: AuditEntry[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const log = createLog({ level: 'debug', destination: { write } });
  const bus = createLocalBus();
  let now = 1_900_000_000_000;
  let ids = 0;
  const dispatch = createDispatch({
    table: compileTable([{ toolset, deps }]),
    log,
    metrics: createMetrics({ processMetrics: false }),
    callTimeoutMs,
    taskTimeoutMs: 10 * callTimeoutMs,
    strictOutput: true,
    sealer: openSealer({ now: () => new Date(now), log }),
    publish: (event) => bus.publish(event),
    audit: (entry) => void audited.push(entry),
    newId: () => `id-${++ids}`,
  });
  return { dispatch, bus, lines, audited, forward: (ms) => void (now += ms) };
}

/** For a dispatch over a table of the test's own. */
export function testDispatchOptions(): Omit<DispatchOptions, 'table'> {
  const log = createLog({ level: 'silent', destination: 'stderr' });
  return {
    log,
    metrics: createMetrics({ processMetrics: false }),
    callTimeoutMs: 5_000,
    strictOutput: true,
    sealer: openSealer({ now: () => new Date(), log }),
    publish: () => undefined,
    newId: () => 'id',
  };
}

/** Of a client of the newest revision that can do everything; `over` replaces members. */
export const testRequest = (over: Partial<Request> = {}): Request => ({
  caller: { id: 'ann' },
  transport: 'http',
  revision: MODERN,
  client: { capabilities: { elicitation: {}, sampling: {}, roots: {} } },
  signal: new AbortController().signal,
  ...over,
});
