/**
 * A whole server over HTTP from a ServerConfig: MCP on one port, health and metrics on another, and the way down that
 * loses no call. Runs in a pod, on a laptop and within tests alike. Must not read the environment or end the process.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { createAuditLog } from './audit/audit-log.ts';
import { createAuthenticator } from './auth/authenticator.ts';
import { sendPublicDocument } from './auth/resource-metadata.ts';
import { ownerOf, type ServerConfig } from './config.ts';
import { CARD_TYPE, cardPath, serverCard } from './extensions/server-card.ts';
import { createGuard } from './http/guard.ts';
import { createHealthServer } from './http/health.ts';
import { InFlight } from './http/in-flight.ts';
import { cutConnections, listen, stopListening } from './http/listen.ts';
import { createMcpServer } from './http/listener.ts';
import { createTimerWheel } from './http/timer-wheel.ts';
import { openAttempts } from './limits/attempts.ts';
import { clientAddress } from './limits/client-address.ts';
import { openRateLimiter } from './limits/open.ts';
import { createRequestLimiter } from './limits/request-limiter.ts';
import { createHttpEndpoint, type HttpEndpoint } from './protocol/http-endpoint.ts';
import { admittedCaller } from './protocol/legacy/admitted.ts';
import { MOST_END_MS } from './protocol/modern/subscriptions.ts';
import { openRuntime, proxyOf, type Runtime, type RuntimeOptions } from './runtime.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { keepTickShape } from './tick-shape.ts';
import type { Caller } from './toolsets/call.ts';

export interface AppOptions extends Omit<RuntimeOptions, 'metrics' | 'audit'> {
  readonly log: Logger;
  readonly version: string;
  /** Takes the audit log, whole lines at a time, where the configuration wants one. */
  readonly audit?: { write(lines: string): void };
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
  /** Writes the lines of the audit log that are still held; for a process that ends in another way than by `close`. */
  flush(): void;
  /** Drains and closes everything; the same promise when called again. Takes at least `drainMs`. */
  close(): Promise<void>;
}

/** Clients that still come after the drain time are waited for, if they leave such a gap. */
const QUIET_MS = 100;
const QUIET_LIMIT_MS = 5_000;
/** Time for connections to end after the longest call has ended. */
const GRACE_MS = 1_000;
/** What a stop takes at the most beside `drainMs` and the longest call; the API of McpServers asks for time for it. */
export const STOP_MARGIN_MS = QUIET_LIMIT_MS + MOST_END_MS + GRACE_MS;

/** Connections beside those of open streams: clients and proxies keep some that are idle. */
const SPARE_CONNECTIONS = 4_096;

/** Throws ConfigError for a configuration that cannot work, or Node's error where a port is taken. */
export async function startApp(config: ServerConfig, options: AppOptions): Promise<App> {
  keepTickShape();
  const { log, version } = options;
  const { limits } = config;
  const metrics = createMetrics({ processMetrics: options.processMetrics ?? true });
  const inFlight = new InFlight(limits.maxInFlight);
  const output = config.auditLog ? options.audit : undefined;
  const audit = output && createAuditLog({ write: (lines) => output.write(lines), now: Date.now });
  await using opening = new AsyncDisposableStack();
  const runtime = await openRuntime(config, { ...options, metrics, audit: audit && ((entry) => audit.record(entry)) });
  opening.defer(() => runtime.close());
  opening.defer(() => audit?.flush());
  const { dispatch, extensions, bus, sealer, redis, store } = runtime;
  const owner = ownerOf(config);
  const addressOf = clientAddress(limits.trustedProxies);
  const limiting = { owner, redis, now: () => performance.now(), fellBack: () => metrics.limitedAlone() };
  const attempts =
    config.auth.type === 'BuiltIn'
      ? await openAttempts({ ...limiting, addressOf, refused: () => metrics.refused('attempts') })
      : undefined;
  const authenticator = await createAuthenticator(config.auth, {
    resource: config.mcp.publicUrl ?? urlOf(config.mcp, config.mcp.port),
    resourceName: config.name,
    log,
    now: Date.now,
    scopes: () => [...new Set([...dispatch.table.tools.values()].map(({ tool }) => tool.scope))],
    environment: options.environment ?? {},
    store,
    attempts,
    proxy: proxyOf(options.environment ?? {}),
  });
  opening.defer(() => authenticator.close());
  const limiter = await openRateLimiter({
    ...limiting,
    purpose: 'rate',
    perMinute: limits.requestsPerMinutePerCaller,
  });
  const card = serverCard(config, version);
  const sendsCard = (request: IncomingMessage, response: ServerResponse): boolean => {
    if (card === undefined || request.url !== cardPath(config.mcp.path)) return false;
    sendPublicDocument(request, response, card, CARD_TYPE);
    return true;
  };
  /** Callers of requests that another pod has admitted; one object for each request. */
  const admitted = new WeakSet<Caller>();
  let pod: string | undefined;
  let draining = false;
  let endpoint: HttpEndpoint;
  const mcp = createMcpServer({
    path: config.mcp.path,
    guard: createGuard(config.mcp),
    authenticator: {
      authenticate(request) {
        const caller = admittedCaller(sealer, request, pod);
        if (caller === undefined) return authenticator.authenticate(request);
        admitted.add(caller);
        return { ok: true, caller };
      },
      handle: (request, response) => sendsCard(request, response) || authenticator.handle(request, response),
    },
    rateLimiter:
      limiter &&
      createRequestLimiter({
        limiter,
        addressOf,
        isCounted: (caller) => admitted.has(caller),
      }),
    endpoint: { handle: (request, response, body, caller) => endpoint.handle(request, response, body, caller) },
    maxBodyBytes: limits.requestBodyBytes,
    maxConnections: limits.maxInFlight + limits.maxSubscriptions + limits.maxSessions + SPARE_CONNECTIONS,
    inFlight,
    metrics,
    log,
    draining: () => draining,
  });
  const health = createHealthServer({
    metrics,
    log,
    readiness: async () => {
      const checks = { ...(await runtime.checks()), lifecycle: draining ? 'the server is stopping' : 'ok' };
      return { ready: Object.values(checks).every((check) => check === 'ok'), checks };
    },
  });
  const healthPort = await listen(health, config.health);
  opening.defer(() => stopListening(health, 0));
  const port = await listen(mcp, config.mcp);
  const { address } = config.pod;
  pod = address === undefined ? undefined : authorityOf(address, port);
  // Within the turn in which the port was opened, so before the first request.
  endpoint = createHttpEndpoint({
    identity: { name: config.name, version },
    dispatch,
    bus,
    wheel: createTimerWheel(),
    sealer,
    maxSubscriptions: limits.maxSubscriptions,
    limits,
    pod,
    challenge: (scopes) => authenticator.challenge(scopes),
    extensions: extensions.extensions,
    log,
  });
  metrics.observe({
    inFlight: () => inFlight.count,
    sessions: () => endpoint.sessions,
    subscriptions: () => endpoint.subscriptions,
    eventsReady: () => bus.ready(),
  });

  const opened = opening.move();
  const drain = async (drainMs: number): Promise<void> => {
    // Whatever goes wrong on the way: nothing of it stays open, and no line of the audit log is lost.
    await using _closing = opened;
    draining = true;
    inFlight.closeConnections();
    log.info({ drainMs, inFlight: inFlight.count }, 'stopping');
    await sleep(drainMs);
    await inFlight.quiet(Math.min(drainMs, QUIET_MS), QUIET_LIMIT_MS);
    const connectionsEnded = stopListening(mcp, limits.callTimeoutMs + MOST_END_MS + GRACE_MS);
    await Promise.all([inFlight.empty(limits.callTimeoutMs), extensions.close(limits.callTimeoutMs)]);
    await endpoint.close();
    // Nothing is being answered any more; what is open still is a request that does not come to its end.
    const cut = setTimeout(() => cutConnections(mcp), GRACE_MS);
    await connectionsEnded;
    clearTimeout(cut);
  };
  const stop = async (): Promise<void> => {
    await drain(config.drainMs);
    log.info('stopped');
  };
  let stopped: Promise<void> | undefined;
  return {
    url: urlOf(config.mcp, port),
    healthUrl: `http://${authorityOf(reachable(config.health.host), healthPort)}`,
    runtime,
    settle: async () => {
      const { releaseMemory } = await import('./memory.ts');
      if (!draining) releaseMemory();
    },
    flush: () => audit?.flush(),
    close: () => (stopped ??= stop()),
  };
}

const urlOf = ({ host, path }: ServerConfig['mcp'], port: number): string =>
  `http://${authorityOf(reachable(host), port)}${path}`;

const authorityOf = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** An address to connect to for one to listen on. */
const reachable = (host: string): string => (host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host);
