/**
 * Puts the operator together: one client, one set of caches, a lease, two controllers.
 * Must not touch the process; what ends it comes in as a signal and goes out by `fatal`.
 */
import type { OperatorConfig } from './config.ts';
import { systemClock } from './kit/clock.ts';
import { createEventRecorder } from './kit/events.ts';
import { type ClusterConfig, inClusterConfig, loadKubeconfig } from './kit/kubeconfig.ts';
import { LeaderElection } from './kit/lease.ts';
import type { Logger } from './kit/log.ts';
import { Manager } from './kit/manager.ts';
import { createMetrics } from './kit/metrics.ts';
import { createClient } from './kit/rest-client.ts';
import { mcpServerCaches } from './mcpserver/caches.ts';
import { createMcpServerController } from './mcpserver/controller.ts';
import { modelBackendController } from './modelbackend/controller.ts';
import { HANDOVER_MANAGER } from './workload/handover.ts';
import { workloadInformers } from './workload/informers.ts';

export interface Runtime {
  readonly config: OperatorConfig;
  readonly log: Logger;
  readonly fatal: (error: unknown) => void;
  readonly version: string;
  /** Unique to this process. */
  readonly identity: string;
}

const LEASE = 'mcp-fleet-operator';
const CONTROLLER = 'mcpfleet.dev/operator';

/** Runs until the signal aborts and everything has ended. */
export async function run({ config, log, fatal, version, identity }: Runtime, signal: AbortSignal): Promise<void> {
  const clock = systemClock;
  const metrics = createMetrics();
  const connection = {
    config: await clusterConfig(config),
    metrics,
    clock,
    userAgent: `mcp-fleet-operator/${version}`,
  };
  const reading = createClient(connection);
  // A connection of its own: a renewal must not queue behind the writes of a thousand reconciles.
  const leasing = createClient({ ...connection, connections: 1 });
  const election = config.MCP_FLEET_LEADER_ELECTION
    ? new LeaderElection({
        client: leasing,
        key: { namespace: config.POD_NAMESPACE, name: LEASE },
        identity,
        log,
        fatal,
        metrics,
        clock,
        durationMs: config.MCP_FLEET_LEASE_DURATION,
        renewDeadlineMs: config.MCP_FLEET_RENEW_DEADLINE,
        retryMs: config.MCP_FLEET_RETRY_PERIOD,
      })
    : undefined;
  const mayWrite = (): boolean => election?.valid() ?? true;
  const client = reading.guardedBy(mayWrite);
  const handover = createClient({ ...connection, fieldManager: HANDOVER_MANAGER }).guardedBy(mayWrite);
  const manager = new Manager({
    client: reading,
    log,
    metrics,
    fatal,
    clock,
    health: config.MCP_FLEET_HEALTH_ADDRESS,
    namespaces: config.MCP_FLEET_WATCH_NAMESPACES,
    ...(election === undefined ? {} : { election }),
  });
  const events = createEventRecorder({ client, controller: CONTROLLER, instance: identity, log, metrics, clock });
  const shared = workloadInformers(manager);
  const common = { client, events, log, metrics, fatal, clock, random: Math.random, workers: config.MCP_FLEET_WORKERS };
  const proxy = { http: config.HTTP_PROXY, https: config.HTTPS_PROXY, none: config.NO_PROXY };
  const servers = createMcpServerController({
    ...common,
    caches: mcpServerCaches(manager, shared),
    handover,
    serverImage: config.MCP_FLEET_SERVER_IMAGE,
    conformanceImage: config.MCP_FLEET_CONFORMANCE_IMAGE,
    version,
    proxy,
  });
  const backends = modelBackendController({ ...common, caches: shared, handover, proxy });
  manager.add(servers.controller);
  manager.addRunnable(servers.run);
  manager.add(backends.controller);
  try {
    await manager.run(signal);
  } finally {
    await Promise.all([backends.stop(), events.flush(2000)]);
    await Promise.all([reading.close(), leasing.close(), handover.close()]);
  }
}

async function clusterConfig(config: OperatorConfig): Promise<ClusterConfig> {
  if (config.KUBECONFIG !== undefined) return loadKubeconfig(config.KUBECONFIG);
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = config;
  if (host === undefined || port === undefined) {
    throw new Error('KUBECONFIG is not set and this is no pod: say where the API server is');
  }
  return inClusterConfig({ host, port });
}
