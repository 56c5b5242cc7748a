import { expect, onTestFinished, test } from 'vitest';
import { createLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createHealthServer, type HealthOptions } from './health.ts';
import { listen, stopListening } from './listen.ts';

async function startHealth(readiness: HealthOptions['readiness']) {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const log = createLog({ level: 'info', destination: { write } });
  const server = createHealthServer({ metrics: createMetrics({ processMetrics: false }), readiness, log });
  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  onTestFinished(() => stopListening(server, 0));
  const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`);
  return { get, lines };
}

test('what is not ready says why, and stays alive', async () => {
  const { get, lines } = await startHealth(async () => ({
    ready: false,
    checks: { store: 'the store does not answer' },
  }));
  const ready = await get('/readyz?verbose');
  expect([ready.status, await ready.json()]).toEqual([
    503,
    { ready: false, checks: { store: 'the store does not answer' } },
  ]);
  expect((await get('/healthz')).status).toBe(200);
  expect(lines).toEqual([]);
});

test('a check that fails of itself is unready for the kubelet, and stands in the log with its reason', async () => {
  const { get, lines } = await startHealth(() => Promise.reject(new Error('a bug')));
  const ready = await get('/readyz');
  expect(ready.status).toBe(500);
  expect(await ready.text()).not.toContain('a bug');
  expect(lines).toMatchObject([{ level: 'error', path: '/readyz', error: { message: 'a bug' } }]);
});
