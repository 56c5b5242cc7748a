/**
 * What a server counts, in Prometheus' format. Operations follow OpenTelemetry's conventions for MCP
 * (`mcp.server.operation.duration` and its attributes, dots as underscores). Knows names and numbers only.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** How one operation ended; `ok` or a word for programs. */
export type Outcome =
  | 'ok'
  | 'tool_error'
  | 'invalid_arguments'
  | 'invalid_request'
  | 'not_found'
  | 'timeout'
  | 'cancelled'
  | 'internal_error';

export interface Operation {
  readonly method: string;
  /** Name of a tool that exists; never a name that a client made up. */
  readonly tool?: string | undefined;
  readonly transport: 'http' | 'stdio';
  readonly outcome: Outcome;
  readonly seconds: number;
}

export interface Metrics {
  operation(operation: Operation): void;
  inFlight(count: number): void;
  refused(reason: string): void;
  /** For parts that bring figures of their own. */
  readonly registry: Registry;
  readonly contentType: string;
  text(): Promise<string>;
}

/** Bucket bounds of OpenTelemetry's MCP conventions, in seconds. */
const BUCKETS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

/** `processMetrics` adds prom-client's figures of the process, which cost a little at start. */
export function createMetrics({ processMetrics = true }: { readonly processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  if (processMetrics) collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const duration = new Histogram({
    name: 'mcp_server_operation_duration_seconds',
    help: 'Time of MCP requests as the server sees it.',
    labelNames: ['mcp_method_name', 'gen_ai_tool_name', 'network_transport', 'error_type'],
    buckets: BUCKETS,
    registers,
  });
  const toolCalls = new Counter({
    name: 'mcp_server_tool_calls_total',
    help: 'Tool calls by tool and outcome.',
    labelNames: ['tool', 'outcome'],
    registers,
  });
  const refusals = new Counter({
    name: 'mcp_server_requests_refused_total',
    help: 'HTTP requests refused before they reached the protocol, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const requests = new Gauge({
    name: 'mcp_server_requests_in_flight',
    help: 'HTTP requests that are being answered.',
    registers,
  });
  return {
    operation({ method, tool, transport, outcome, seconds }) {
      duration.observe(
        {
          mcp_method_name: method,
          gen_ai_tool_name: tool ?? '',
          network_transport: transport === 'http' ? 'tcp' : 'pipe',
          error_type: outcome === 'ok' ? '' : outcome,
        },
        seconds,
      );
      if (tool !== undefined) toolCalls.inc({ tool, outcome });
    },
    inFlight: (count) => requests.set(count),
    refused: (reason) => refusals.inc({ reason }),
    registry,
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}
