import { afterEach, expect, test } from 'vitest';
import { openBackend } from './adapters.ts';
import type { ProbeResult, ProbeTarget } from './probe.ts';
import { createProber, type Prober } from './prober.ts';
import { engine, errorReply, models } from './testing/openai-engine.ts';
import { CUT, json, type Script, type Scripted, SILENCE, startScripted } from './testing/scripted.ts';

const clock = {
  now: () => performance.now(),
  after: (ms: number, fn: () => void) => {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};
const timeouts = { connectMs: 1_000, firstByteMs: 2_000, idleMs: 2_000, requestMs: 5_000 };

interface Watch {
  readonly prober: Prober;
  readonly results: (readonly [string, ProbeResult])[];
  /** Resolves with the first result of the key, from now on or the current one, that fits. */
  readonly until: (key: string, fits: (result: ProbeResult) => boolean) => Promise<ProbeResult>;
}

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

async function serve(script: Script): Promise<Scripted> {
  const server = await startScripted(script);
  closers.push(() => server.close());
  return server;
}

function start(): Watch {
  const results: [string, ProbeResult][] = [];
  const listeners = new Set<() => void>();
  const prober = createProber({
    open: ({ protocol, endpoint }) => openBackend(protocol, endpoint),
    clock,
    random: Math.random,
    onResult(key, result) {
      results.push([key, result]);
      for (const listener of listeners) listener();
    },
    onError(_, error) {
      throw error;
    },
  });
  closers.push(() => prober.stop());
  return {
    prober,
    results,
    until: (key, fits) =>
      new Promise((resolve) => {
        const check = (): void => {
          const result = prober.result(key);
          if (result === undefined || !fits(result)) return;
          listeners.delete(check);
          resolve(result);
        };
        listeners.add(check);
        check();
      }),
  };
}

function target(url: string, change: Partial<ProbeTarget> = {}): ProbeTarget {
  return {
    protocol: 'OpenAI',
    endpoint: { url, pathPrefix: '', headers: {}, timeouts },
    models: [{ name: 'm', tasks: ['Chat'] }],
    health: {
      intervalMs: 50,
      timeoutMs: 1_000,
      failureThreshold: 2,
      inference: { enabled: true, intervalMs: 60_000, timeoutMs: 2_000 },
    },
    revision: '1',
    ...change,
  };
}

const loaded = ({ models: [model] }: ProbeResult): boolean => model?.state === 'Loaded';
const down = ({ reachable }: ProbeResult): boolean => reachable.status === 'False';
const chats = ({ requests }: Scripted): number => requests.filter(({ path }) => path.endsWith('completions')).length;

test('a model counts as loaded after it answered one token, and is not asked again before its interval', async () => {
  const server = await serve(engine(['m']));
  const { prober, until, results } = start();
  prober.watch('a', target(server.url));
  expect(prober.result('a')?.models).toMatchObject([{ state: 'Pending' }]);
  const result = await until('a', loaded);
  expect(result.reachable).toMatchObject({ status: 'True', reason: 'Reachable' });
  const before = results.length;
  await prober.probeNow('a');
  await prober.probeNow('a');
  expect(JSON.parse(server.requests.find(({ body }) => body !== '')?.body ?? '')).toMatchObject({ max_tokens: 1 });
  expect(chats(server)).toBe(1);
  // Nothing changed, so nothing was reported.
  expect(results).toHaveLength(before);
});

test('an engine that lists the model but cannot answer is not loaded until it can', async () => {
  const answers = engine(['m']);
  let works = false;
  const server = await serve((seen, index) =>
    works || seen.path.endsWith('models')
      ? answers(seen, index)
      : errorReply(503, { code: 503, message: 'Loading model', type: 'unavailable_error' }),
  );
  const { prober, until } = start();
  prober.watch('a', target(server.url));
  expect(await until('a', ({ models: [m] }) => m?.state === 'Loading' && m.message.includes('503'))).toMatchObject({
    reachable: { status: 'True' },
  });
  works = true;
  await until('a', loaded);
});

test('a passing failure is borne, a lasting one is reported, and a backend that is back is asked for a token again', async () => {
  const server = await serve(engine(['m']));
  const { prober, until, results } = start();
  prober.watch('a', target(server.url));
  await until('a', loaded);
  const borne = server.requests.length;
  server.answer((seen, index) => (index === borne ? errorReply(503, {}) : engine(['m'])(seen, index)));
  await expect.poll(() => server.requests.length).toBeGreaterThan(borne + 2);
  expect(results.some(([, { reachable }]) => reachable.status === 'False')).toBe(false);
  server.answer(() => CUT);
  const result = await until('a', down);
  expect(result.reachable.reason).toBe('ConnectionRefused');
  expect(result.models).toMatchObject([{ state: 'Unknown' }]);
  server.answer(engine(['m']));
  await until('a', loaded);
  expect(chats(server)).toBe(2);
  expect(results.filter(([, { reachable }]) => reachable.status === 'False')).toHaveLength(1);
});

test('what is wrong is said in the words of the conditions', async () => {
  const cases: readonly [string, Script, string][] = [
    ['refused', () => errorReply(401, { message: 'no' }), 'Unauthorized'],
    ['web page', () => ({ headers: { 'content-type': 'text/html' }, steps: ['<html>'] }), 'BadResponse'],
    ['broken', () => errorReply(500, { message: 'no' }), 'BadResponse'],
    ['silent', () => SILENCE, 'Timeout'],
    [
      'no right to generate',
      (seen) => (seen.path.endsWith('models') ? models('m') : errorReply(403, { message: 'no' })),
      'Unauthorized',
    ],
  ];
  const { prober, until } = start();
  for (const [key, script] of cases) {
    const server = await serve(script);
    const { health } = target('');
    prober.watch(key, target(server.url, { health: { ...health, timeoutMs: 200 } }));
  }
  prober.watch('tls', target((await serve(() => SILENCE)).url.replace('http', 'https')));
  const closed = await startScripted(() => CUT);
  await closed.close();
  prober.watch('closed', target(closed.url));
  const reasons = [
    ...cases.map(([key, , reason]) => [key, reason]),
    ['tls', 'TLSFailed'],
    ['closed', 'ConnectionRefused'],
  ];
  for (const [key = '', reason] of reasons)
    expect([key, (await until(key, down)).reachable.reason]).toEqual([key, reason]);
});

test('the name that the engine uses is sent, and a name that it does not know is answered with those it has', async () => {
  const server = await serve((seen, index) =>
    seen.body.includes('"upstream"') || seen.path.endsWith('models')
      ? engine(['upstream', 'other'])(seen, index)
      : errorReply(404, { code: 'model_not_found' }),
  );
  const { prober, until } = start();
  const known = { name: 'public', upstreamName: 'upstream', tasks: ['Chat'] as const };
  prober.watch('a', target(server.url, { models: [known, { name: 'missing', tasks: ['Chat'] }] }));
  const result = await until('a', (r) => loaded(r) && r.models[1]?.state === 'Failed');
  expect(result.models[1]).toMatchObject({ reason: 'NotListed' });
  expect(result.models[1]?.message).toContain('upstream, other');
});

test('an engine that lists another name, or has no list, is believed when the model answers', async () => {
  const other = await serve(engine(['default']));
  const none = await serve((seen, index) => (seen.path.endsWith('models') ? json({}, 404) : engine([])(seen, index)));
  const { prober, until } = start();
  prober.watch('other', target(other.url));
  prober.watch('none', target(none.url, { models: [{ name: 'm', tasks: ['Embedding'] }] }));
  expect((await until('other', loaded)).reachable.status).toBe('True');
  expect((await until('none', loaded)).reachable.status).toBe('True');
});

test('another revision drops what was known; an edit of intervals does not', async () => {
  const server = await serve(engine(['m']));
  const { prober, until } = start();
  prober.watch('a', target(server.url));
  await until('a', loaded);
  const { health } = target('');
  prober.watch('a', target(server.url, { health: { ...health, failureThreshold: 5 } }));
  expect(prober.result('a')?.models).toMatchObject([{ state: 'Loaded' }]);
  prober.watch('a', target(server.url, { revision: '2' }));
  expect(prober.result('a')).toMatchObject({ reachable: { status: 'Unknown' }, models: [{ state: 'Pending' }] });
  await until('a', loaded);
  expect(chats(server)).toBe(2);
});

test('a hundred backends that accept and never answer do not delay twenty good ones', async () => {
  const silent = await serve(() => SILENCE);
  const good = await serve(engine(['m']));
  const { prober, until } = start();
  for (let i = 0; i < 100; i += 1) prober.watch(`silent-${i}`, target(silent.url));
  const started = performance.now();
  for (let i = 0; i < 20; i += 1) prober.watch(`good-${i}`, target(good.url));
  await Promise.all(Array.from({ length: 20 }, (_, i) => until(`good-${i}`, loaded)));
  // 100 hanging runs pass through 32 slots, 250 ms each, before the good ones get theirs for the first time.
  expect(performance.now() - started).toBeLessThan(2_500);
  await until('silent-99', down);
  // From now on the hanging ones queue apart.
  const again = performance.now();
  await Promise.all(Array.from({ length: 20 }, (_, i) => prober.probeNow(`good-${i}`)));
  expect(performance.now() - again).toBeLessThan(500);
}, 15_000);
