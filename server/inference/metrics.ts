/**
 * What is counted of requests to models, under the names of OpenTelemetry's GenAI
 * conventions in Prometheus form, and of the backends themselves. Must not know how
 * requests are made.
 */
import type { Usage } from '#models/backend.ts';
import type { Registry } from '../telemetry/registry.ts';

/** One attempt at one backend. */
export interface Attempt {
  readonly backend: string;
  readonly model: string;
  /** `ok` or the reason of the failure. */
  readonly outcome: string;
  readonly seconds: number;
  readonly usage?: Usage | undefined;
}

/** What the gauges read when they are scraped. */
export interface Gauges {
  readonly inFlight: () => ReadonlyMap<string, number>;
  readonly ready: () => ReadonlyMap<string, boolean>;
  readonly snapshotAgeMs: () => number | undefined;
}

export interface InferenceMetrics {
  attempt(attempt: Attempt): void;
  /** Called once, when there is something to read. */
  observe(gauges: Gauges): void;
}

export const noInferenceMetrics: InferenceMetrics = { attempt: () => undefined, observe: () => undefined };

/** Bounds of the conventions: seconds of an operation, tokens of a request. */
const SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const TOKENS = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576];

export function createInferenceMetrics(registry: Registry): InferenceMetrics {
  const durations = registry.histogram(
    {
      name: 'gen_ai_client_operation_duration_seconds',
      help: 'Time of requests to models, by attempt.',
      labels: ['gen_ai_operation_name', 'gen_ai_request_model', 'mcp_backend', 'error_type'],
    },
    SECONDS,
  );
  const tokens = registry.histogram(
    {
      name: 'gen_ai_client_token_usage',
      help: 'Tokens of requests to models.',
      labels: ['gen_ai_operation_name', 'gen_ai_request_model', 'gen_ai_token_type', 'mcp_backend'],
    },
    TOKENS,
  );
  const requests = registry.counter({
    name: 'mcp_backend_requests_total',
    help: 'Attempts at backends, by outcome.',
    labels: ['backend', 'model', 'outcome'],
  });
  return {
    attempt({ backend, model, outcome, seconds, usage }) {
      durations.of('chat', model, backend, outcome === 'ok' ? '' : outcome).observe(seconds);
      requests.of(backend, model, outcome).add();
      if (usage === undefined) return;
      tokens.of('chat', model, 'input', backend).observe(usage.inputTokens);
      tokens.of('chat', model, 'output', backend).observe(usage.outputTokens);
    },
    observe(gauges) {
      const perBackend = (name: string, help: string, read: () => ReadonlyMap<string, number | boolean>): void =>
        registry.gauge({ name, help, labels: ['backend'] }, () =>
          Array.from(read(), ([backend, figure]) => [[backend], Number(figure)] as const),
        );
      perBackend('mcp_backend_in_flight', 'Requests under way.', gauges.inFlight);
      perBackend('mcp_backend_ready', '1 for a backend that may be asked.', gauges.ready);
      registry.gauge(
        {
          name: 'mcp_backend_snapshot_age_seconds',
          help: 'Time since the source of backends last said something; about a minute at the most while it is well.',
        },
        () => {
          const ms = gauges.snapshotAgeMs();
          return ms === undefined ? [] : [[[], ms / 1000]];
        },
      );
    },
  };
}
