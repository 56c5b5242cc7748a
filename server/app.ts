/**
 * A whole server over HTTP from a ServerConfig: MCP on one port, health and metrics on another, and the way down that
 * loses no call. Runs in a pod, on a laptop and within tests alike. Must not read the environment or end the process.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { ServerConfig } from './config.ts';
import { createGuard } from './http/guard.ts';
import { createHealthServer } from './http/health.ts';
import { InFlight } from './http/in-flight.ts';
import { listen, stopListening } from './http/listen.ts';
import { createMcpServer } from './http/listener.ts';
import { releaseMemory } from './memory.ts';
import { createHttpEndpoint } from './protocol/http-endpoint.ts';
import { openRuntime, type Runtime, type RuntimeOptions } from './runtime.ts';
import { createMetrics } from './telemetry/metrics.ts';

export interface AppOptions extends Omit<RuntimeOptions, 'metrics'> {
  readonly log: Logger;
  readonly version: string;
  /** Figures of the process among the metrics; true without it. */
  readonly processMetrics?: boolean;
}

export interface App {
  /** Of the MCP endpoint, as seen from this machine. */
  readonly url: string;
  readonly healthUrl: string;
  readonly runtime: Runtime;
  /** For a process that has just started and waits: does early what first requests would cost, gives memory back. */
  settle(): Promise<void>;
  /** Drains and closes everything; the same promise when called again. Takes at least `drainMs`. */
  close(): Promise<void>;
}

/** Clients that still come after the drain time are waited for, if they leave such a gap. */
const QUIET_MS = 100;
const QUIET_LIMIT_MS = 5_000;
/** Time for connections to end after the longest call has ended. */
const GRACE_MS = 1_000;

/** Throws ConfigError for a configuration that cannot work, or Node's error where a port is taken. */
export async function startApp(config: ServerConfig, options: AppOptions): Promise<App> {
  const { log, version } = options;
  const metrics = createMetrics({ processMetrics: options.processMetrics ?? true });
  const inFlight = new InFlight((count) => metrics.inFlight(count));
  const runtime = await openRuntime(config, { ...options, metrics });
  const endpoint = createHttpEndpoint({ identity: { name: config.name, version }, dispatch: runtime.dispatch, log });
  let draining = false;
  const mcp = createMcpServer({
    path: config.mcp.path,
    guard: createGuard(config.mcp),
    endpoint,
    maxBodyBytes: config.limits.requestBodyBytes,
    inFlight,
    metrics,
    log,
    draining: () => draining,
  });
  const health = createHealthServer({
    metrics,
    readiness: async () => {
      const checks = { ...(await runtime.checks()), lifecycle: draining ? 'the server is stopping' : 'ok' };
      return { ready: Object.values(checks).every((check) => check === 'ok'), checks };
    },
  });

  const stop = async (drainMs: number): Promise<void> => {
    draining = true;
    inFlight.closeConnections();
    log.info({ drainMs, inFlight: inFlight.count }, 'stopping');
    await sleep(drainMs);
    await inFlight.quiet(Math.min(drainMs, QUIET_MS), QUIET_LIMIT_MS);
    await stopListening(mcp, config.limits.callTimeoutMs + GRACE_MS);
    await endpoint.close();
    await stopListening(health, 0);
    await runtime.close();
    log.info('stopped');
  };
  let stopped: Promise<void> | undefined;

  try {
    const healthPort = await listen(health, config.health);
    const port = await listen(mcp, config.mcp);
    return {
      url: `http://${reachable(config.mcp.host)}:${port}${config.mcp.path}`,
      healthUrl: `http://${reachable(config.health.host)}:${healthPort}`,
      runtime,
      settle: async () => {
        if (draining) return;
        await endpoint.warm();
        releaseMemory();
      },
      close: () => (stopped ??= stop(config.drainMs)),
    };
  } catch (error) {
    await stopListening(health, 0);
    await runtime.close();
    throw error;
  }
}

/** An address to connect to for one to listen on. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
