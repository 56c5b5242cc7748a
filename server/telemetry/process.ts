/**
 * Figures of the process under the names that Prometheus' clients use, so that common dashboards show them. Read when
 * somebody asks, except the delay of the event loop, which the runtime keeps.
 */
import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import type { Registry } from './registry.ts';

const RESOLUTION_MS = 20;
const GC_SECONDS = [0.001, 0.01, 0.1, 1, 2, 5];
const NANO = 1e-9;
const MICRO = 1e-6;

/** Begins to watch, for as long as the process lives. */
export function observeProcess(registry: Registry): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    registry.gauge({ name, help }, () => [[[], read()]]);
  const started = Date.now() / 1000 - process.uptime();
  registry.total({ name: 'process_cpu_seconds_total', help: 'CPU time of the process.' }, () => {
    const { user, system } = process.cpuUsage();
    return [[[], (user + system) * MICRO]];
  });
  gauge('process_start_time_seconds', 'Start of the process since 1970.', () => started);
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  gauge('process_open_fds', 'Open file descriptors.', openFiles);
  gauge('nodejs_heap_size_used_bytes', 'Heap in use.', () => process.memoryUsage().heapUsed);
  gauge('nodejs_heap_size_total_bytes', 'Heap that V8 holds.', () => process.memoryUsage().heapTotal);
  gauge('nodejs_external_memory_bytes', 'Memory outside of the heap.', () => process.memoryUsage().external);
  gauge(
    'nodejs_active_resources',
    'What keeps the event loop busy or waiting.',
    () => process.getActiveResourcesInfo().length,
  );

  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  registry.gauge(
    {
      name: 'nodejs_eventloop_lag_seconds',
      help: 'Delay of the event loop since the last time it was read.',
      labels: ['quantile'],
    },
    () => {
      const readings = ['0.5', '0.9', '0.99', '1'].map(
        (quantile) => [[quantile], lag(delay.percentile(Number(quantile) * 100))] as const,
      );
      delay.reset();
      return readings;
    },
  );
  const collections = registry.histogram(
    { name: 'nodejs_gc_duration_seconds', help: 'Time of garbage collections.' },
    GC_SECONDS,
  );
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) collections.of().observe(duration / 1000);
  }).observe({ entryTypes: ['gc'] });
}

/** The histogram measures the time between two looks, which are `RESOLUTION_MS` apart by themselves. */
const lag = (nanoseconds: number): number => Math.max(0, nanoseconds * NANO - RESOLUTION_MS / 1000);

function openFiles(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return Number.NaN; // not on this system
  }
}
