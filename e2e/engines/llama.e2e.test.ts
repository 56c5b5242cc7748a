import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { places } from '../cluster/places.ts';
import { type Llama, startLlama } from './llama.ts';
import { sentence } from './tiny-model.ts';

interface Completion {
  choices: { finish_reason: string | null; message: { content: string }; delta: { content?: string } }[];
  usage?: { prompt_tokens: number; completion_tokens: number };
}

const cache = places(process.env).cache;
let engine: Llama;
// The first time the engine is compiled.
beforeAll(async () => void (engine = await startLlama({ cache, alias: 'tiny' })), 1_200_000);
afterAll(() => engine.stop());

const post = (path: string, body: object, headers = {}) =>
  fetch(engine.url + path, { method: 'POST', body: JSON.stringify(body), headers });
const chat = async (body: object): Promise<Completion> => {
  const answer = await post('/v1/chat/completions', { model: 'tiny', temperature: 0, ...body });
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Completion;
};
const user = (content: string) => [{ role: 'user', content }];
const content = (completion: Completion) => completion.choices[0]?.message.content as string;
const structured = (schema: object) => ({ type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } });

describe('the real engine with the tiny model', () => {
  test('lists its model under the alias', async () => {
    const { data } = (await (await fetch(`${engine.url}/v1/models`)).json()) as { data: { id: string }[] };
    expect(data.map(({ id }) => id)).toEqual(['tiny']);
  });

  test('says its sentence and stops, or is cut at max_tokens', async () => {
    const whole = await chat({ messages: user('Hello') });
    expect(content(whole)).toBe(sentence);
    expect(whole.choices[0]?.finish_reason).toBe('stop');
    const cut = await chat({ messages: user('Hello'), max_tokens: 2 });
    expect(cut.choices[0]?.finish_reason).toBe('length');
    expect(cut.usage?.completion_tokens).toBe(2);
  });

  test('answers twenty fields valid by their schema within a second, also when the prompt is long', async () => {
    const field = { enum: ['low', 'medium', 'high'] };
    const properties = Object.fromEntries(
      Array.from({ length: 10 }, (_, at) => [
        [`reason_${at}`, { type: 'string', minLength: 1, maxLength: 400 }],
        [`level_${at}`, field],
      ]).flat() as [string, object][],
    );
    const schema = {
      type: 'object',
      additionalProperties: false,
      required: [...Object.keys(properties), 'items', 'score', 'due'],
      properties: {
        ...properties,
        items: {
          type: 'array',
          minItems: 2,
          maxItems: 9,
          items: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
        },
        score: { type: 'integer', minimum: 0, maximum: 100 },
        due: { type: ['string', 'null'], maxLength: 40 },
      },
    };
    const valid = new Ajv({ allowUnionTypes: true }).compile(schema);
    for (const prompt of ['Analyse.', 'y'.repeat(12_000), JSON.stringify(schema).repeat(5)]) {
      const completion = await chat({ messages: user(prompt), response_format: structured(schema), max_tokens: 2000 });
      expect(completion.choices[0]?.finish_reason).toBe('stop');
      valid(JSON.parse(content(completion)));
      expect(valid.errors).toBeNull();
    }
    const begin = performance.now();
    await chat({ messages: user('Again.'), response_format: structured(schema) });
    expect(performance.now() - begin).toBeLessThan(1000);
  });

  test('gives the same answer to the same prompt at temperature 0', async () => {
    const ask = () =>
      chat({ messages: user('Which?'), response_format: structured({ type: 'integer', minimum: 0, maximum: 9999 }) });
    expect(content(await ask())).toBe(content(await ask()));
  });

  test('comes to an end with any JSON object asked', async () => {
    const completion = await chat({
      messages: user('JSON!'),
      response_format: { type: 'json_object' },
      max_tokens: 300,
    });
    expect(JSON.parse(content(completion))).toBeTypeOf('object');
  });

  test('streams one chunk for each token, then the usage', async () => {
    const answer = await post('/v1/chat/completions', {
      messages: user('Hello'),
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0,
    });
    const events = (await answer.text())
      .split('\n\n')
      .filter(Boolean)
      .map((event) => event.replace(/^data: /, ''));
    expect(events.pop()).toBe('[DONE]');
    const chunks = events.map((event) => JSON.parse(event) as Completion);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(sentence);
    expect(chunks.at(-1)?.choices).toEqual([]);
    expect(chunks.at(-1)?.usage?.completion_tokens).toBe(sentence.split(' ').length + 1);
  });

  test('embeds texts so that like texts are near each other', async () => {
    const input = ['Write the report', 'Write a report', 'zzzz', 'long '.repeat(600)];
    const answer = await post('/v1/embeddings', { model: 'tiny', input });
    const { data } = (await answer.json()) as { data: { embedding: number[] }[] };
    const [a, b, c] = data.map(({ embedding }) => embedding) as [number[], number[], number[]];
    const dot = (x: number[], y: number[]) => x.reduce((sum, value, at) => sum + value * (y[at] as number), 0);
    expect(data).toHaveLength(4);
    expect(dot(a, a)).toBeCloseTo(1);
    expect(dot(a, b)).toBeGreaterThan(dot(a, c) + 0.3);
  });

  test('refuses a prompt longer than its context', async () => {
    const answer = await post('/v1/chat/completions', { messages: user('x'.repeat(20_000)) });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { type: 'exceed_context_size_error' } });
  });

  test('asks for its key when it has one, and ends on SIGTERM', async () => {
    const locked = await startLlama({ cache, alias: 'locked', apiKey: 'secret', context: 8192 });
    try {
      const ask = (headers: Record<string, string>) =>
        fetch(`${locked.url}/v1/chat/completions`, {
          method: 'POST',
          body: JSON.stringify({ messages: user('Hello'), max_tokens: 1 }),
          headers,
        });
      expect((await ask({})).status).toBe(401);
      expect((await ask({ authorization: 'Bearer secret' })).status).toBe(200);
    } finally {
      await locked.stop();
    }
    await expect(fetch(`${locked.url}/health`)).rejects.toThrow('fetch failed');
    expect(() => process.kill(locked.pid, 0)).toThrow('ESRCH');
  });
});
