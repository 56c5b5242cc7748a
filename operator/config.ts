/**
 * The operator's settings, read once from the environment. The only place that knows
 * the names of its variables; a wrong value is refused by name before anything starts.
 */
import { hostname } from 'node:os';
import { z } from 'zod';
import { milliseconds } from '#crds/duration.ts';
import { duration } from '#crds/parts.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const time = (text: string) => duration().default(text).transform(milliseconds);
const flag = (text: 'true' | 'false') =>
  z
    .enum(['true', 'false'])
    .default(text)
    .transform((value) => value === 'true');

const address = z
  .string()
  .regex(/^[^:]*:[0-9]{1,5}$/, 'must look like :8081 or 127.0.0.1:8081')
  .default(':8081')
  .transform((value) => {
    const [host = '', port = ''] = value.split(':');
    return { host: host === '' ? '0.0.0.0' : host, port: Number(port) };
  });

const variables = z.object({
  MCP_FLEET_SERVER_IMAGE: z.string().min(1).describe('Image of McpServers that name none.'),
  MCP_FLEET_CONFORMANCE_IMAGE: z.string().optional().describe('Image that examines McpServers on demand.'),
  MCP_FLEET_WATCH_NAMESPACES: z
    .string()
    .default('')
    .transform((list) => list.split(',').filter(Boolean))
    .describe('Namespaces to look at, separated by commas; all without it.'),
  MCP_FLEET_LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Least severe lines that are logged.'),
  MCP_FLEET_WORKERS: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(32)
    .describe('Objects of a kind that are worked on at a time.'),
  MCP_FLEET_HEALTH_ADDRESS: address.describe('Where /healthz, /readyz and /metrics are served.'),
  MCP_FLEET_LEADER_ELECTION: flag('true').describe('Work only while holding a Lease.'),
  MCP_FLEET_LEASE_DURATION: time('5s').describe('After which a silent leader is succeeded.'),
  MCP_FLEET_RENEW_DEADLINE: time('3500ms').describe('After which a leader that cannot renew stops.'),
  MCP_FLEET_RETRY_PERIOD: time('500ms').describe('Between renewals.'),
  POD_NAME: z.string().default(hostname()).describe('Name of this pod; identifies the leader.'),
  POD_NAMESPACE: z.string().default('default').describe('Namespace of this pod; the Lease is there.'),
  KUBECONFIG: z
    .string()
    .optional()
    .describe("File that says where the API server is; the pod's own account without it."),
  KUBERNETES_SERVICE_HOST: z.string().optional().describe('Set by the kubelet.'),
  KUBERNETES_SERVICE_PORT: z.string().optional().describe('Set by the kubelet.'),
  HTTP_PROXY: z.string().optional().describe('Forward proxy for probes by http.'),
  HTTPS_PROXY: z.string().optional().describe('Forward proxy for probes by https.'),
  NO_PROXY: z.string().optional().describe('Hosts that probes reach without a proxy.'),
});

export type OperatorConfig = z.output<typeof variables>;

/** A setting is wrong; the message names the variable and what is allowed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export function readConfig(environment: Environment): OperatorConfig {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => name in variables.shape && value !== ''),
  );
  const parsed = variables.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ConfigError(`${issue?.path.join('.')}: ${issue?.message}`);
  }
  const config = parsed.data;
  if (config.MCP_FLEET_RENEW_DEADLINE >= config.MCP_FLEET_LEASE_DURATION) {
    throw new ConfigError('MCP_FLEET_RENEW_DEADLINE: must be shorter than MCP_FLEET_LEASE_DURATION');
  }
  if (config.MCP_FLEET_RETRY_PERIOD * 2 > config.MCP_FLEET_RENEW_DEADLINE) {
    throw new ConfigError('MCP_FLEET_RETRY_PERIOD: must be at most half of MCP_FLEET_RENEW_DEADLINE');
  }
  return config;
}

/** Every variable with its meaning, for `--help`. */
export function describeConfig(): string {
  return Object.entries(variables.shape)
    .map(([name, schema]) => `  ${name.padEnd(30)} ${schema.description ?? ''}`)
    .join('\n');
}
