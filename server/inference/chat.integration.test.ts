import { afterEach, describe, expect, test } from 'vitest';
import { chatStream, delta, engine, errorReply } from '#models/testing/openai-engine.ts';
import { CUT, event, type Reply, type Script, SILENCE, startScripted, stream } from '#models/testing/scripted.ts';
import { type Fleet, knownAt, startFleet } from './fleet.testing.ts';

let fleet: Fleet;
afterEach(() => fleet.close());

const counts = (): Record<string, number> =>
  Object.fromEntries(Object.entries(fleet.servers).map(([name, { requests }]) => [name, requests.length]));

const limited = (headers = {}): Reply => errorReply(429, { message: 'slow down' }, headers);

describe.for<[string, Script]>([
  ['refuses for now', () => errorReply(503, { message: 'busy' })],
  ['limits requests', () => limited({ 'retry-after': '30' })],
  ['rejects the credential', () => errorReply(401, { message: 'no' })],
  ['does not know the model', () => errorReply(404, { code: 'model_not_found' })],
  ['has too small a context', () => errorReply(400, { code: 'context_length_exceeded' })],
  ['closes the connection', () => CUT],
  ['never answers', () => SILENCE],
  ['sends no JSON', () => ({ headers: { 'content-type': 'text/html' }, steps: ['<html>'] })],
  ['reports an error before any text', () => stream([event({ error: { message: 'no' } })])],
  ['falls silent before any text', () => stream([': keep-alive\n\n', SILENCE])],
  ['breaks off before any text', () => stream([event({ choices: [{ delta: { role: 'assistant' } }] }), CUT])],
])('when the first backend %s', ([, script]) => {
  test('the second answers, and the failure is logged once', async () => {
    fleet = await startFleet({ first: script, second: true });
    const texts: string[] = [];
    expect(await fleet.ask({ onText: (text) => texts.push(text) })).toMatchObject({
      text: 'second',
      backend: 'second',
    });
    expect(texts.join('')).toBe('second');
    expect(fleet.lines.filter(({ level }) => level === 40)).toMatchObject([
      { backend: 'first', attempt: 1, route: 'default' },
    ]);
  });
});

test('a connection that is refused is passed over in an instant', async () => {
  fleet = await startFleet({ first: true, second: true });
  await fleet.servers['first']?.close();
  const started = performance.now();
  expect((await fleet.ask()).backend).toBe('second');
  expect(performance.now() - started).toBeLessThan(250);
});

test('after the first text there is no other attempt, but a failure', async () => {
  for (const end of [CUT, SILENCE] as const) {
    fleet = await startFleet({ first: () => chatStream('half an ', end), second: true });
    const texts: string[] = [];
    await expect(fleet.ask({ onText: (text) => texts.push(text) })).rejects.toMatchObject({ name: 'InferenceError' });
    expect({ texts, second: counts()['second'] }).toEqual({ texts: ['half an '], second: 0 });
    await fleet.close();
  }
});

test('what no backend would accept is tried once', async () => {
  fleet = await startFleet({ first: () => errorReply(400, { message: 'no' }), second: true });
  await expect(fleet.ask()).rejects.toMatchObject({ reason: 'Rejected' });
  expect(counts()).toEqual({ first: 1, second: 0 });
});

test('a single backend is not asked again after 401, 404 or 503', async () => {
  for (const status of [401, 404, 503]) {
    fleet = await startFleet({ only: () => errorReply(status, { message: 'no' }) });
    await expect(fleet.ask()).rejects.toMatchObject({ reason: 'Unavailable' });
    expect(counts()).toEqual({ only: 1 });
    await fleet.close();
  }
});

test('at most three backends are tried', async () => {
  const busy: Script = () => errorReply(503, { message: 'busy' });
  fleet = await startFleet({ a: busy, b: busy, c: busy, d: true });
  await expect(fleet.ask()).rejects.toMatchObject({ reason: 'Unavailable' });
  expect(counts()).toEqual({ a: 1, b: 1, c: 1, d: 0 });
});

test('Retry-After is respected: waited for when it is short, and told when it is long', async () => {
  const started = performance.now();
  fleet = await startFleet({
    only: (seen, i) => (i === 0 ? limited({ 'retry-after': '0.3' }) : engine(['m'])(seen, i)),
  });
  expect((await fleet.ask()).text).toBe('hello');
  expect(performance.now() - started).toBeGreaterThan(290);
  await fleet.close();
  fleet = await startFleet({ only: () => limited({ 'retry-after': '30' }) });
  await expect(fleet.ask()).rejects.toMatchObject({ reason: 'RateLimited' });
  await expect(fleet.ask()).rejects.toMatchObject({ reason: 'RateLimited' });
  expect(counts()).toEqual({ only: 1 });
});

test('a backend that has just failed is avoided while another one answers, and asked where none does', async () => {
  let works = false;
  fleet = await startFleet({
    first: (seen, i) => (works ? engine(['m'], 'first')(seen, i) : errorReply(503, {})),
    second: true,
  });
  await fleet.ask();
  works = true;
  expect((await fleet.ask()).backend).toBe('second');
  fleet.servers['second']?.answer(() => errorReply(503, {}));
  expect((await fleet.ask()).backend).toBe('first');
});

test('a backend that is not ready is not asked, and one that is ready again is asked at once', async () => {
  fleet = await startFleet({ first: () => errorReply(503, {}), second: true });
  await fleet.ask();
  const url = fleet.servers['first']?.url ?? '';
  fleet.know(knownAt('first', url, { ready: false, reason: 'Timeout' }));
  expect((await fleet.ask()).backend).toBe('second');
  expect(counts()['first']).toBe(1);
  fleet.servers['first']?.answer(engine(['m'], 'back'));
  fleet.know(knownAt('first', url));
  expect((await fleet.ask()).text).toBe('back');
});

test('a backend that turns unready while a stream runs keeps the stream, and a changed address serves the next one', async () => {
  const gate = Promise.withResolvers<void>();
  fleet = await startFleet({ only: () => chatStream('one ', () => gate.promise, 'two') });
  const texts: string[] = [];
  const began = Promise.withResolvers<void>();
  const running = fleet.ask({
    onText(text) {
      texts.push(text);
      began.resolve();
    },
  });
  await began.promise;
  const moved = await startScripted(engine(['m'], 'moved'));
  fleet.know(knownAt('only', moved.url));
  expect((await fleet.ask()).text).toBe('moved');
  gate.resolve();
  expect((await running).text).toBe('one two');
  await moved.close();
});

test('the least busy of equal backends is asked', async () => {
  const gate = Promise.withResolvers<void>();
  const slow: Script = () => chatStream('x', () => gate.promise);
  fleet = await startFleet({ a: slow, b: slow, c: slow }, { samePriority: true });
  const running = Array.from({ length: 9 }, () => fleet.ask({ onText: () => undefined }));
  await expect.poll(() => Object.values(counts())).toEqual([3, 3, 3]);
  gate.resolve();
  await Promise.all(running);
  expect(['a', 'b', 'c'].map((name) => fleet.connections.inFlight(name))).toEqual([0, 0, 0]);
});

test('the caller leaves: the request upstream ends, nothing else is tried, nothing stays in flight', async () => {
  fleet = await startFleet({ first: () => chatStream('half ', SILENCE), second: true });
  const leave = new AbortController();
  const asked = fleet.ask({ signal: leave.signal, onText: () => leave.abort() });
  await expect(asked).rejects.toMatchObject({ reason: 'Aborted' });
  await fleet.servers['first']?.abandoned;
  expect(counts()).toEqual({ first: 1, second: 0 });
  expect(fleet.connections.inFlight('first')).toBe(0);
});

test('the deadline holds over all attempts, and leaves time for another target', async () => {
  fleet = await startFleet({ first: () => SILENCE, second: true }, { deadlineMs: 300 });
  expect((await fleet.ask()).backend).toBe('second');
  await fleet.close();
  fleet = await startFleet({ first: () => SILENCE, second: () => SILENCE });
  const started = performance.now();
  await expect(fleet.ask({ deadlineMs: 200 })).rejects.toMatchObject({ reason: 'Timeout' });
  expect(performance.now() - started).toBeLessThan(400);
});

test('an answer that has begun may take all the time there is', async () => {
  const pause = () => new Promise((resolve) => setTimeout(resolve, 450));
  const patient = { connectMs: 5_000, firstByteMs: 5_000, idleMs: 5_000, requestMs: 10_000 };
  fleet = await startFleet(
    { first: () => chatStream('slow ', pause, 'answer'), second: true },
    { deadlineMs: 600, times: patient },
  );
  expect((await fleet.ask({ onText: () => undefined })).text).toBe('slow answer');
});

test('why there is no model is said by name, and an unknown route names those there are', async () => {
  fleet = await startFleet({ first: true });
  fleet.know(knownAt('first', '', { ready: false, reason: 'ConnectionRefused' }));
  await expect(fleet.ask()).rejects.toMatchObject({
    reason: 'NoBackend',
    message: 'route default has no ready model: first is not ready (ConnectionRefused)',
  });
  await expect(fleet.ask({ route: 'other' })).rejects.toThrow('there is no route named other; there are default');
});

test('without routes every loaded chat model is a target, by name of the backend', async () => {
  fleet = await startFleet({ b: true, a: true, c: true }, { routes: [] });
  expect((await fleet.ask()).backend).toBe('a');
  fleet.know(knownAt('a', '', { models: [] }));
  expect((await fleet.ask()).backend).toBe('b');
});

test('a request is cut to the most tokens that the model may give', async () => {
  fleet = await startFleet({ only: true });
  const known = fleet.backends.get('only');
  fleet.know({
    ...knownAt('only', known?.endpoint?.url ?? ''),
    models: (known?.models ?? []).map((m) => ({ ...m, maxOutputTokens: 5 })),
  });
  await fleet.ask();
  expect(JSON.parse(fleet.servers['only']?.requests[0]?.body ?? '')).toMatchObject({ max_tokens: 5, model: 'm' });
});

test('attempts are counted with their outcome and tokens; no address or upstream text reaches the caller', async () => {
  fleet = await startFleet({ first: () => errorReply(503, { message: 'upstream words' }), second: true });
  await fleet.ask();
  expect(fleet.attempts).toMatchObject([
    { backend: 'first', model: 'first-model', outcome: 'Unavailable' },
    { backend: 'second', model: 'second-model', outcome: 'ok', usage: { inputTokens: 7, outputTokens: 3 } },
  ]);
  fleet.know(knownAt('second', '', { ready: false, reason: 'Timeout' }));
  await expect(fleet.ask()).rejects.toThrow(/^(?!.*(127\.0\.0\.1|upstream words))/);
});

test('two hundred streams, a tenth of them left early, leave nothing in flight', async () => {
  const script = () => stream([delta('x '), delta('y'), ...chatStream('z').steps]);
  const patient = { connectMs: 5_000, firstByteMs: 5_000, idleMs: 5_000, requestMs: 10_000 };
  fleet = await startFleet({ a: script, b: true }, { samePriority: true, times: patient });
  const results = await Promise.allSettled(
    Array.from({ length: 200 }, (_, i) => {
      const leave = new AbortController();
      return fleet.ask({ signal: leave.signal, onText: () => i % 10 === 0 && leave.abort() });
    }),
  );
  // A short answer may be complete before it is left.
  expect(results.filter(({ status }) => status === 'rejected').length).toBeLessThanOrEqual(20);
  expect(['a', 'b'].map((name) => fleet.connections.inFlight(name))).toEqual([0, 0]);
});
