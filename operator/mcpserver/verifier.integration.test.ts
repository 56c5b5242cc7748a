import { afterEach, expect, test } from 'vitest';
import { systemClock } from '#operator/kit/clock.ts';
import { formatKey, type Key } from '#operator/kit/object.ts';
import { until } from '#operator/workload/testing/cluster.ts';
import { type McpProxy, startMcpProxy } from './testing/mcp-proxy.ts';
import { createVerifier, type Target, type Verifier } from './verifier.ts';

let open: { verifier: Verifier; proxy: McpProxy } | undefined;

afterEach(async () => {
  await open?.verifier.stop();
  await open?.proxy[Symbol.asyncDispose]();
  open = undefined;
});

/** `speed` 100 makes 600 ms of a minute. */
async function start(speed = 100) {
  const proxy = await startMcpProxy();
  const changes: string[] = [];
  const verifier = createVerifier({
    clock: {
      now: () => systemClock.now() * speed,
      after: (ms, fn) => systemClock.after(ms / speed, fn),
    },
    random: () => 0.5,
    proxy: { http: proxy.url },
    version: '0.1.0',
    onChange: (key) => changes.push(formatKey(key)),
    onError: (error) => changes.push(String(error)),
  });
  open = { verifier, proxy };
  return { verifier, proxy, changes };
}

const key = (name: string): Key => ({ namespace: 'a', name });
const target = (name: string, revision = 'r1'): Target => ({
  url: `http://${name}.a.svc.cluster.local/mcp`,
  address: '',
  revision,
});

test('a server that answers is described, and told of once', async () => {
  const { verifier, changes, proxy } = await start();
  verifier.aim(key('x'), target('x'));
  await until(() => expect(verifier.finding(key('x'))).toBeDefined());
  expect(verifier.finding(key('x'))).toMatchObject({
    outcome: 'Answered',
    versions: ['2026-07-28', '2025-11-25'],
    serverName: 'assistant',
    version: '0.1.0',
    tools: [{ name: 'create_task', hash: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string }],
  });
  // It is asked again after a minute, and says the same.
  await until(() => expect(proxy.asked.length).toBeGreaterThanOrEqual(4));
  expect(changes).toEqual(['a/x']);
});

test('another revision is asked at once, and the last finding holds until it has answered', async () => {
  const { verifier, proxy } = await start();
  verifier.aim(key('x'), target('x'));
  await until(() => expect(verifier.finding(key('x'))).toBeDefined());
  proxy.tools = [];
  verifier.aim(key('x'), target('x', 'r2'));
  expect(verifier.finding(key('x'))).toMatchObject({ tools: [{ name: 'create_task' }] });
  await until(() => expect(verifier.finding(key('x'))).toMatchObject({ tools: [] }));
});

test('what was found out ends with the pods', async () => {
  const { verifier } = await start();
  verifier.aim(key('x'), target('x'));
  await until(() => expect(verifier.finding(key('x'))).toBeDefined());
  verifier.aim(key('x'), undefined);
  expect(verifier.finding(key('x'))).toBeUndefined();
});

test('one failure is not believed, several are, and it never gives up', async () => {
  const { verifier, proxy, changes } = await start();
  let failures = 1;
  proxy.intercept = (_host, response) => {
    failures -= 1;
    if (failures < 0) return false;
    response.writeHead(503).end();
    return true;
  };
  verifier.aim(key('x'), target('x'));
  await until(() => expect(verifier.finding(key('x'))).toMatchObject({ outcome: 'Answered' }));
  expect(changes).toEqual(['a/x']);
  failures = 5;
  await until(() => expect(verifier.finding(key('x'))).toMatchObject({ outcome: 'HandshakeFailed' }));
  await until(() => expect(verifier.finding(key('x'))).toMatchObject({ outcome: 'Answered' }));
  expect(changes).toEqual(['a/x', 'a/x', 'a/x']);
});

test('a server that never answers has run out of time', async () => {
  const { verifier } = await start();
  verifier.aim(key('hang'), target('hang'));
  await until(() => expect(verifier.finding(key('hang'))).toMatchObject({ outcome: 'Timeout' }));
});

test('a hundred servers that never answer delay no other', async () => {
  // Each of them is given up after 1.5 s, and then asked again.
  const { verifier, proxy } = await start(10);
  for (let i = 0; i < 100; i += 1) verifier.aim(key(`hang-${i}`), target(`hang-${i}`));
  await until(() => expect(new Set(proxy.asked).size).toBe(100));
  const started = performance.now();
  verifier.aim(key('x'), target('x'));
  await until(() => expect(verifier.finding(key('x'))).toMatchObject({ outcome: 'Answered' }));
  expect(performance.now() - started).toBeLessThan(1000);
});
