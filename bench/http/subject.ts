/**
 * The product's server with the toolsets of the benchmarks, started as the image starts it: configuration from a file,
 * log and audit on stdout. Over the channel to its parent it tells figures that only the process itself knows.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApp } from '#server/app.ts';
import { readConfigFile } from '#server/config-file.ts';
import { releaseMemory } from '#server/memory.ts';
import { createLog } from '#server/telemetry/log.ts';
import { toolsets as own } from '#server/toolsets/registry.ts';
import type { SubjectState } from './product.ts';
import { benchToolset } from './subject-toolset.ts';

const SETTLE_MS = 1_000;
const RESOLUTION_MS = 1;
const TICK_MS = 2;

const config = await readConfigFile(process.argv[2] ?? '');
const log = createLog({ level: config.logLevel, destination: 'stdout' });
const sizes = [1, 50, 500];
const added = Object.fromEntries(sizes.map((size) => [`bench${size}`, async () => benchToolset(size)]));
const toolsets = { ...own, ...added };
const app = await startApp(config, { log, version: '0.0.0', environment: process.env, toolsets });
log.info({ url: app.url }, 'serving');

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
let asked = false;
let longestTurnMs = 0;
/** Of the main thread, at the last tick. */
let spent = process.threadCpuUsage();

/** Processor time between two ticks, which a busy neighbour does not lengthen. */
function watchTurns(): void {
  setInterval(() => {
    const { user, system } = process.threadCpuUsage(spent);
    spent = process.threadCpuUsage();
    longestTurnMs = Math.max(longestTurnMs, (user + system) / 1000);
  }, TICK_MS).unref();
}

/** Each message asks for the state since the one before; `collect` for what is left when all garbage has gone. */
process.on('message', (message) => {
  if (message === 'collect') releaseMemory();
  // Only with --expose-gc: then memory is what is in use, without what has not been collected yet.
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const state: SubjectState = {
    loopDelayP99Ms: asked ? delay.percentile(99) / 1e6 : 0,
    loopDelayMaxMs: asked ? delay.max / 1e6 : 0,
    longestTurnMs,
    heapMb: heapUsed / 2 ** 20,
    rssMb: rss / 2 ** 20,
    handles: process.getActiveResourcesInfo().length,
  };
  if (!asked) watchTurns();
  asked = true;
  longestTurnMs = 0;
  // What was done to answer this is nobody's turn.
  spent = process.threadCpuUsage();
  delay.reset();
  delay.enable();
  process.send?.(state);
});

process.on('SIGTERM', () => {
  void app.close().then(() => process.exit(0));
});

await sleep(SETTLE_MS, undefined, { ref: false });
await app.settle();
