import { afterAll, beforeAll, expect, test } from 'vitest';
import { places } from '#e2e/cluster/places.ts';
import { type Llama, startLlama } from '#e2e/engines/llama.ts';
import { openBackend } from './adapters.ts';
import type { Backend, BackendError, StreamPart } from './backend.ts';
import { createProber } from './prober.ts';

// The adapter against llama.cpp's own server: what a scripted server claims of an engine is checked on one.
const KEY = 'key-of-the-test';
const timeouts = { connectMs: 2_000, firstByteMs: 20_000, idleMs: 10_000, requestMs: 30_000 };
const question = { model: 'tiny', messages: [{ role: 'user', content: 'Hello' }], temperature: 0 } as const;

let engine: Llama;
let backend: Backend;
// The first time the engine is compiled.
beforeAll(async () => {
  engine = await startLlama({ cache: places(process.env).cache, alias: 'tiny', apiKey: KEY, context: 512 });
  backend = openBackend('OpenAI', endpoint(KEY));
}, 1_200_000);
afterAll(async () => {
  await backend?.shutdown();
  await engine?.stop();
});

const endpoint = (key: string) => ({
  url: engine.url,
  pathPrefix: '',
  headers: {},
  credential: async () => ({ header: 'authorization', value: `Bearer ${key}` }),
  timeouts,
});

const failure = (asked: Promise<unknown>) =>
  asked.then(
    () => undefined,
    ({ reason }: BackendError) => reason,
  );

test('the engine lists its model and answers whole and streamed alike, with counted tokens', async () => {
  expect(await backend.listModels()).toEqual(['tiny']);
  const whole = await backend.chat(question);
  const parts: StreamPart[] = [];
  for await (const part of backend.streamChat(question)) parts.push(part);
  const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  expect(text).toBe(whole.text);
  expect(parts.length).toBeGreaterThan(2);
  expect(parts.at(-1)).toEqual({ type: 'end', finishReason: whole.finishReason, usage: whole.usage });
  expect(whole.usage).toMatchObject({ estimated: false });
  expect(whole.usage.outputTokens).toBeGreaterThan(0);
});

test('an answer is cut at the most tokens, and a completion is answered', async () => {
  expect(await backend.chat({ ...question, maxTokens: 1 })).toMatchObject({
    finishReason: 'length',
    usage: { outputTokens: 1 },
  });
  expect((await backend.complete({ model: 'tiny', prompt: 'Hello', maxTokens: 2 })).usage.outputTokens).toBe(2);
});

test('an answer keeps to a schema', async () => {
  const schema = {
    type: 'object',
    properties: { urgent: { type: 'boolean' } },
    required: ['urgent'],
    additionalProperties: false,
  };
  const { text } = await backend.chat({ ...question, maxTokens: 100, responseSchema: { name: 'task', schema } });
  expect(JSON.parse(text)).toEqual({ urgent: expect.any(Boolean) });
});

test('there is one vector for each input, all of one length', async () => {
  const { vectors } = await backend.embed({ model: 'tiny', input: ['one', 'two', 'three'] });
  expect(vectors).toHaveLength(3);
  expect(new Set(vectors.map(({ length }) => length)).size).toBe(1);
});

test('what the engine refuses is told apart', async () => {
  const long = { ...question, messages: [{ role: 'user' as const, content: 'word '.repeat(2_000) }] };
  expect(await failure(backend.chat(long))).toBe('ContextLengthExceeded');
  expect(await failure(backend.chat({ ...question, maxTokens: 'many' as unknown as number }))).toMatch(
    /BadRequest|Unavailable/,
  );
  const stranger = openBackend('OpenAI', endpoint('wrong'));
  expect(await failure(stranger.chat(question))).toBe('Unauthorized');
  await stranger.shutdown();
});

test('a hundred streams that are left early leave the engine free', async () => {
  const leave = async (): Promise<void> => {
    for await (const part of backend.streamChat(question)) if (part.type === 'text') return;
  };
  await Promise.all(Array.from({ length: 100 }, leave));
  expect((await backend.chat({ ...question, maxTokens: 1 })).usage.outputTokens).toBe(1);
});

test('the prober finds the model loaded, also by a name that the engine does not list', async () => {
  const done = Promise.withResolvers<readonly (readonly [string, string])[]>();
  const prober = createProber({
    open: (target) => openBackend(target.protocol, target.endpoint),
    clock: {
      now: () => performance.now(),
      after: (ms, fn) =>
        (
          (timer) => () =>
            clearTimeout(timer)
        )(setTimeout(fn, ms)),
    },
    random: Math.random,
    onResult: (_, { models }) => {
      if (models.every(({ state }) => state === 'Loaded'))
        done.resolve(models.map(({ name, reason }) => [name, reason]));
    },
    onError: (_, error) => done.reject(error),
  });
  const inference = { enabled: true, intervalMs: 60_000, timeoutMs: 10_000 };
  prober.watch('llama', {
    protocol: 'OpenAI',
    endpoint: endpoint(KEY),
    models: [
      { name: 'tiny', tasks: ['Chat'] },
      { name: 'any', tasks: ['Embedding'] },
    ],
    health: { intervalMs: 1_000, timeoutMs: 1_000, failureThreshold: 3, inference },
    revision: '1',
  });
  expect(await done.promise).toEqual([
    ['tiny', 'Loaded'],
    ['any', 'Loaded'],
  ]);
  await prober.stop();
});
