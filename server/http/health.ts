/**
 * The second port: liveness, readiness with its reasons, and metrics. Answers any Host, because a kubelet and
 * Prometheus call by pod address; it shows nothing that is not for an operator's eyes.
 */
import type { Server } from 'node:http';
import type { Logger } from 'pino';
import type { Metrics } from '../telemetry/metrics.ts';
import { refuse, sendText } from './answer.ts';
import { createServer } from './node-http.ts';

export interface Readiness {
  readonly ready: boolean;
  /** Each part and whether it is ready; what is not says why. */
  readonly checks: Readonly<Record<string, 'ok' | (string & {})>>;
}

export interface HealthOptions {
  readonly metrics: Metrics;
  readonly readiness: () => Promise<Readiness>;
  readonly log: Logger;
}

/** Not listening yet. */
export function createHealthServer({ metrics, readiness, log }: HealthOptions): Server {
  const routes: Record<string, () => Promise<{ status: number; text: string; type?: string }>> = {
    '/healthz': async () => ({ status: 200, text: JSON.stringify({ status: 'ok' }) }),
    '/readyz': async () => {
      const { ready, checks } = await readiness();
      return { status: ready ? 200 : 503, text: JSON.stringify({ ready, checks }) };
    },
    '/metrics': async () => ({ status: 200, text: metrics.text(), type: metrics.contentType }),
  };
  return createServer(
    { headersTimeout: 5_000, requestTimeout: 10_000, maxHeaderSize: 16 * 1024 },
    (request, response) => {
      request.resume();
      const path = request.url?.split('?', 1)[0] ?? '';
      const route = routes[path];
      if (!route)
        return refuse(response, { status: 404, reason: 'path', message: 'There are /healthz, /readyz and /metrics.' });
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return refuse(response, {
          status: 405,
          reason: 'method',
          message: 'Use GET.',
          headers: { allow: 'GET, HEAD' },
        });
      route().then(
        ({ status, text, type }) =>
          sendText(response, status, text, type === undefined ? {} : { 'content-type': type }),
        (error: unknown) => {
          log.error({ error, path }, 'a question about the health of this process failed');
          refuse(response, { status: 500, reason: 'internal', message: 'internal error' });
        },
      );
    },
  );
}
