/**
 * One kind of request, as it is counted and written down: a method, and the tool, prompt or resource that it names
 * where that exists. Bound to its figures once, at the start of the server. Knows no request.
 */
import type { Metrics, Outcome } from '../telemetry/metrics.ts';
import type { Request } from './request.ts';

export interface Operation {
  readonly method: string;
  /** Of what the request names; never a name that a client made up. */
  readonly name?: string | undefined;
  count(transport: Request['transport'], outcome: Outcome, seconds: number): void;
}

export function createOperation(metrics: Metrics, method: string, name?: string): Operation {
  const tool = method === 'tools/call' ? name : undefined;
  const http = metrics.operationOf({ method, tool, transport: 'http' });
  const stdio = metrics.operationOf({ method, tool, transport: 'stdio' });
  return {
    method,
    name,
    count(transport, outcome, seconds) {
      if (transport === 'http') http(outcome, seconds);
      else stdio(outcome, seconds);
    },
  };
}
