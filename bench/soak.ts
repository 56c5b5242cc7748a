/**
 * A server at half of its load for a long time, with sessions and streams that come and go beside the calls: what it
 * holds must not grow. Memory is looked at after a collection of all garbage, because what the collector has not got to
 * yet weighs more than what leaks. Half an hour judges resident memory; a shorter run the heap and handles that stay.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Definitions, type Report, report } from './figures.ts';
import { openArena } from './http/arena.ts';
import type { Subject, SubjectState } from './http/product.ts';
import { messageOf, modern, modernCall, openSession, post } from './http/requests.ts';
import { type LoadRequest, load } from './http/wrk.ts';

/** Below it, what the allocators happen to keep weighs more than what grows. */
const JUDGED_MINUTES = 30;

export const soakFigures: Definitions = {
  rss_slope_mb_per_h: {
    unit: 'MB/h',
    bar: { atMost: 1 },
    measures: 'growth of resident memory after collections, judged from 30 minutes on',
  },
  heap_growth_mb: { unit: 'MB', bar: { atMost: 2 }, measures: 'more heap than before, after all clients have gone' },
  leaked_handles: { unit: 'handles', bar: { atMost: 0 }, measures: 'more than before, after all clients have gone' },
  calls: { unit: 'calls', bar: { none: true }, measures: 'answered, all of them without an error' },
};

/** Of the run, before anything is judged. */
const WARM_SHARE = 1 / 3;
const CONNECTIONS = 128;
const SAMPLE_MS = 10_000;
/** Time for the server to notice that its clients have gone. */
const LEAVE_MS = 2_000;

interface Sample {
  readonly hours: number;
  readonly rssMb: number;
}

export async function soak(minutes: number, progress: (line: string) => void): Promise<Report> {
  await using arena = await openArena(progress);
  const { token } = arena;
  const server = await arena.subject({ tools: 1, limits: { maxInFlight: 2 * CONNECTIONS } });
  const plan = { url: server.url, requests: [modernCall(token)], connections: CONNECTIONS };
  await churn(server.url, token);
  const full = await load({ ...plan, seconds: 5 });
  await sleep(LEAVE_MS);
  const before = await server.collected();
  progress(`${full.perSecond.toFixed(0)} calls a second at full load, ${before.handles} handles`);
  const delayMs = Math.round((CONNECTIONS * 1000) / (full.perSecond / 2));
  const samples: Sample[] = [];
  const running = new AbortController();
  const watching = Promise.all([
    watch(server, samples, running.signal, progress),
    comeAndGo(server.url, token, running.signal),
  ]);
  const half = await load({ ...plan, seconds: Math.round(minutes * 60), delayMs });
  running.abort();
  await watching;
  if (half.errors > 0) throw new Error(`${half.errors} errors in ${half.requests} calls`);
  progress(`${half.perSecond.toFixed(0)} calls a second for ${minutes} minutes`);
  await sleep(LEAVE_MS);
  const after = await server.collected();
  const bar = minutes >= JUDGED_MINUTES ? soakFigures['rss_slope_mb_per_h']?.bar : undefined;
  const slope = { unit: 'MB/h', measures: '', bar: bar ?? { none: true as const } };
  return report(
    'soak',
    1,
    { ...soakFigures, rss_slope_mb_per_h: slope },
    {
      rss_slope_mb_per_h: { rounds: [slopeOf(samples)], note: `${samples.at(-1)?.rssMb.toFixed(0)} MB at the end` },
      heap_growth_mb: {
        rounds: [Math.max(0, after.heapMb - before.heapMb)],
        note: `${before.heapMb.toFixed(1)} MB before`,
      },
      leaked_handles: { rounds: [leaked(before, after)] },
      calls: { rounds: [half.requests] },
    },
  );
}

const leaked = (before: SubjectState, after: SubjectState): number => Math.max(0, after.handles - before.handles);

async function watch(
  server: Subject,
  samples: Sample[],
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<void> {
  const began = performance.now();
  while (!signal.aborted) {
    await sleep(SAMPLE_MS);
    if (signal.aborted) return; // the clients have gone, which is another state
    const { rssMb, heapMb, handles } = await server.collected();
    samples.push({ hours: (performance.now() - began) / 3_600_000, rssMb });
    if (samples.length % 6 === 0)
      progress(`${rssMb.toFixed(1)} MB resident, ${heapMb.toFixed(1)} MB heap, ${handles} handles`);
  }
}

/** Sessions, streams and calls that nobody waits for, over and over. */
async function comeAndGo(url: string, token: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await churn(url, token);
    await sleep(100);
  }
}

async function churn(url: string, token: string): Promise<void> {
  const session = await openSession(url, token);
  const ended = await fetch(url, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${token}`, 'mcp-session-id': session, 'mcp-protocol-version': '2025-11-25' },
  });
  await ended.text();
  if (!ended.ok) throw new Error(`a session did not end: ${ended.status}`);
  await hangUp(url, modern('subscriptions/listen', { notifications: { toolsListChanged: true } }, token));
  await hangUp(url, modern('tools/call', { name: 'later', arguments: { text: 'nobody waits', ms: 10_000 } }, token));
  await messageOf(await post(url, modern('tools/list', {}, token)));
}

async function hangUp(url: string, { headers, body }: LoadRequest): Promise<void> {
  const controller = new AbortController();
  const answer = fetch(url, { method: 'POST', headers, body, signal: controller.signal });
  await sleep(20);
  controller.abort();
  await answer.then((response) => response.text()).catch(() => undefined);
}

/** Least squares over what came after the warm-up. */
function slopeOf(samples: readonly Sample[]): number {
  const judged = samples.slice(Math.floor(samples.length * WARM_SHARE));
  const mean = (pick: (sample: Sample) => number): number =>
    judged.reduce((sum, sample) => sum + pick(sample), 0) / judged.length;
  const hours = mean((sample) => sample.hours);
  const rss = mean((sample) => sample.rssMb);
  const above = judged.reduce((sum, sample) => sum + (sample.hours - hours) * (sample.rssMb - rss), 0);
  const below = judged.reduce((sum, sample) => sum + (sample.hours - hours) ** 2, 0);
  return above / below;
}
