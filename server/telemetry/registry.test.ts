import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';
import { createRegistry } from './registry.ts';

test('the text is what Prometheus reads: help and type once, buckets that add up, escaped values', () => {
  const registry = createRegistry();
  const calls = registry.counter({ name: 'calls_total', help: 'Calls.', labels: ['tool', 'outcome'] });
  calls.of('echo', 'ok').add();
  calls.of('echo', 'ok').add(2);
  calls.of('a"b\\c\nd', 'ok').add();
  const seconds = registry.histogram({ name: 'seconds', help: 'Time.', labels: ['method'] }, [0.1, 1]).of('list');
  for (const value of [0.1, 0.05, 0.5, 2]) seconds.observe(value);
  registry.gauge({ name: 'open', help: 'Open.' }, () => [[[], 3]]);
  expect(registry.text()).toBe(`# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{tool="echo",outcome="ok"} 3
calls_total{tool="a\\"b\\\\c\\nd",outcome="ok"} 1

# HELP seconds Time.
# TYPE seconds histogram
seconds_bucket{method="list",le="0.1"} 2
seconds_bucket{method="list",le="1"} 3
seconds_bucket{method="list",le="+Inf"} 4
seconds_sum{method="list"} 2.65
seconds_count{method="list"} 4

# HELP open Open.
# TYPE open gauge
open 3
`);
});

test('a name can be taken once', () => {
  const registry = createRegistry();
  registry.counter({ name: 'x', help: 'X.' });
  expect(() => registry.gauge({ name: 'x', help: 'X.' }, () => [])).toThrow('there is a metric x already');
});

test('figures of the process have the names that dashboards know', () => {
  const text = createMetrics({ processMetrics: true }).text();
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_heap_size_used_bytes'])
    expect(text).toMatch(new RegExp(`^${name} [\\d.e+]+$`, 'm'));
  expect(text).toMatch(/^nodejs_eventloop_lag_seconds\{quantile="0.99"\} /m);
  expect(text).toContain('nodejs_gc_duration_seconds');
});

test('an operation is counted by method, tool and outcome for a fraction of a microsecond', () => {
  const metrics = createMetrics({ processMetrics: false });
  const echo = metrics.operationOf({ method: 'tools/call', tool: 'echo', transport: 'http' });
  const calls = 200_000;
  const start = performance.now();
  for (let n = 0; n < calls; n += 1) echo('ok', 0.001);
  const microseconds = ((performance.now() - start) * 1000) / calls;
  expect(metrics.text()).toContain('mcp_server_tool_calls_total{tool="echo",outcome="ok"} 200000');
  expect(microseconds).toBeLessThan(3); // 0.05 on a quiet machine
});
