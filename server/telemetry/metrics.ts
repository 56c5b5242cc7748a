/**
 * What a server counts, in Prometheus' format. Operations follow OpenTelemetry's conventions for MCP
 * (`mcp.server.operation.duration` and its attributes, dots as underscores). Knows names and numbers only.
 */
import { observeProcess } from './process.ts';
import { CONTENT_TYPE, type Counter, createRegistry, type Histogram, type Registry } from './registry.ts';

/** How one operation ended; `ok` or a word for programs. */
export type Outcome =
  | 'ok'
  | 'input_required'
  | 'tool_error'
  | 'invalid_arguments'
  | 'invalid_request'
  | 'not_found'
  | 'forbidden'
  | 'timeout'
  | 'cancelled'
  | 'internal_error';

export interface OperationLabels {
  readonly method: string;
  /** Name of a tool that exists; never a name that a client made up. */
  readonly tool?: string | undefined;
  readonly transport: 'http' | 'stdio';
}

export interface Operation extends OperationLabels {
  readonly outcome: Outcome;
  readonly seconds: number;
}

/** What is read when somebody asks. */
export interface Gauges {
  readonly inFlight: () => number;
  readonly sessions: () => number;
  readonly subscriptions: () => number;
  /** Whether events reach the other pods. */
  readonly eventsReady: () => boolean;
}

export interface Metrics {
  /** Counts operations of one kind; kept by who has many of them. */
  operationOf(labels: OperationLabels): (outcome: Outcome, seconds: number) => void;
  operation(operation: Operation): void;
  refused(reason: string): void;
  /** A rate limit was decided by this pod alone, because what the pods share did not answer. */
  limitedAlone(): void;
  /** Called once, when there is something to read. */
  observe(gauges: Gauges): void;
  /** For parts that bring figures of their own. */
  readonly registry: Registry;
  readonly contentType: string;
  text(): string;
}

/** Bucket bounds of OpenTelemetry's MCP conventions, in seconds. */
const BUCKETS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

/** `processMetrics` adds figures of the process. */
export function createMetrics({ processMetrics = true }: { readonly processMetrics?: boolean } = {}): Metrics {
  const registry = createRegistry();
  if (processMetrics) observeProcess(registry);
  const durations = registry.histogram(
    {
      name: 'mcp_server_operation_duration_seconds',
      help: 'Time of MCP requests as the server sees it.',
      labels: ['mcp_method_name', 'gen_ai_tool_name', 'network_transport', 'error_type'],
    },
    BUCKETS,
  );
  const toolCalls = registry.counter({
    name: 'mcp_server_tool_calls_total',
    help: 'Tool calls by tool and outcome.',
    labels: ['tool', 'outcome'],
  });
  const refusals = registry.counter({
    name: 'mcp_server_requests_refused_total',
    help: 'HTTP requests refused before they reached the protocol, by reason.',
    labels: ['reason'],
  });
  const alone = registry
    .counter({
      name: 'mcp_server_rate_limit_fallbacks_total',
      help: 'Rate limits that this pod decided alone, because Redis did not answer.',
    })
    .of();
  const operationOf = ({ method, tool, transport }: OperationLabels) => {
    const bound = new Map<Outcome, { readonly duration: Histogram; readonly calls: Counter | undefined }>();
    return (outcome: Outcome, seconds: number): void => {
      let figures = bound.get(outcome);
      if (!figures) {
        const error = outcome === 'ok' ? '' : outcome;
        figures = {
          duration: durations.of(method, tool ?? '', transport === 'http' ? 'tcp' : 'pipe', error),
          calls: tool === undefined ? undefined : toolCalls.of(tool, outcome),
        };
        bound.set(outcome, figures);
      }
      figures.duration.observe(seconds);
      figures.calls?.add();
    };
  };
  return {
    operationOf,
    operation: ({ outcome, seconds, ...labels }) => operationOf(labels)(outcome, seconds),
    refused: (reason) => refusals.of(reason).add(),
    limitedAlone: () => alone.add(),
    observe({ inFlight, sessions, subscriptions, eventsReady }) {
      const gauge = (name: string, help: string, read: () => number): void =>
        registry.gauge({ name, help }, () => [[[], read()]]);
      gauge('mcp_server_requests_in_flight', 'HTTP requests that are being answered, without open streams.', inFlight);
      gauge('mcp_server_sessions', 'Open sessions of revisions that have them.', sessions);
      gauge('mcp_server_subscriptions', 'Open streams of subscriptions/listen.', subscriptions);
      gauge('mcp_server_events_ready', '1 while events reach the other pods.', () => Number(eventsReady()));
    },
    registry,
    contentType: CONTENT_TYPE,
    text: () => registry.text(),
  };
}
