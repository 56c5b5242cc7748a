import { afterEach, describe, expect, test } from 'vitest';
import { openBackend } from './adapters.ts';
import type { BackendError, Endpoint, StreamPart } from './backend.ts';
import { chatAnswer, DONE, delta, embeddings, errorReply, finish, usageChunk } from './testing/openai-engine.ts';
import {
  CUT,
  event,
  json,
  type Reply,
  type Script,
  type Scripted,
  SILENCE,
  startScripted,
  stream,
} from './testing/scripted.ts';

const timeouts = { connectMs: 1_000, firstByteMs: 1_000, idleMs: 200, requestMs: 5_000 };
const question = { model: 'm', messages: [{ role: 'user', content: 'four score and seven' }] } as const;

let server: Scripted;
afterEach(() => server.close());

async function open(script: Script, change: Partial<Endpoint> = {}) {
  server = await startScripted(script);
  return openBackend('OpenAI', { url: server.url, pathPrefix: '', headers: {}, timeouts, ...change });
}

const sent = (index = 0): Record<string, unknown> =>
  JSON.parse(server.requests[index]?.body ?? '') as Record<string, unknown>;

async function streamed(reply: Reply): Promise<readonly StreamPart[]> {
  const parts: StreamPart[] = [];
  for await (const part of (await open(() => reply)).streamChat(question)) parts.push(part);
  return parts;
}

const reasonFor = async (reply: Reply) => {
  const backend = await open(() => reply);
  return backend.chat(question).then(
    () => 'answered',
    ({ reason }: BackendError) => reason,
  );
};

test('a schema travels as response_format json_schema, strict', async () => {
  const backend = await open(() => chatAnswer('{}'));
  await backend.chat({ ...question, responseSchema: { name: 'plan', schema: { type: 'object' } }, maxTokens: 9 });
  expect(sent()).toMatchObject({
    max_tokens: 9,
    response_format: { type: 'json_schema', json_schema: { name: 'plan', schema: { type: 'object' }, strict: true } },
  });
});

test('a model that wants max_completion_tokens gets it, and is not asked the old way again', async () => {
  const backend = await open(({ body }) =>
    body.includes('"max_tokens"')
      ? errorReply(400, { code: 'unsupported_parameter', param: 'max_tokens', message: 'use max_completion_tokens' })
      : chatAnswer('ok'),
  );
  const limited = { ...question, maxTokens: 5 };
  expect((await backend.chat(limited)).text).toBe('ok');
  expect((await backend.chat(limited)).text).toBe('ok');
  expect(server.requests).toHaveLength(3);
});

test('prefix, headers and credential reach the backend, the credential read anew for each request', async () => {
  let token = 'one';
  const credential = async () => ({ header: 'Api-Key', value: token });
  const backend = await open(() => chatAnswer('ok'), { pathPrefix: '/openai', headers: { 'X-Team': 'a' }, credential });
  await backend.chat(question);
  token = 'two';
  await backend.chat(question);
  expect(server.requests.map(({ path, headers }) => [path, headers['x-team'], headers['api-key']])).toEqual([
    ['/openai/v1/chat/completions', 'a', 'one'],
    ['/openai/v1/chat/completions', 'a', 'two'],
  ]);
});

describe('a stream', () => {
  const end = { type: 'end', finishReason: 'stop', usage: { inputTokens: 7, outputTokens: 3, estimated: false } };

  test('is read with CRLF, comments, other fields and data without a space', async () => {
    const chunk = delta('hi').replace('data: ', 'data:');
    const steps = [
      ': keep-alive\r\n\r',
      '\nevent: message\r\nid: 1\r\n',
      chunk.replaceAll('\n', '\r\n'),
      finish(),
      usageChunk(),
      DONE,
    ];
    expect(await streamed(stream(steps))).toEqual([{ type: 'text', text: 'hi' }, end]);
  });

  test('ends well without [DONE] after a finish reason, even if the connection breaks then', async () => {
    expect(await streamed(stream([delta('hi'), finish(), usageChunk()]))).toEqual([{ type: 'text', text: 'hi' }, end]);
    expect(await streamed(stream([delta('hi'), finish(), usageChunk(), CUT]))).toHaveLength(2);
  });

  test('is counted by estimate where the engine ignores include_usage', async () => {
    const parts = await streamed(stream([delta('twelve chars'), finish('length'), DONE]));
    expect(parts.at(-1)).toEqual({
      type: 'end',
      finishReason: 'length',
      usage: { inputTokens: 5, outputTokens: 3, estimated: true },
    });
    expect(sent()).toMatchObject({ stream_options: { include_usage: true } });
  });

  test('that says [DONE] without a finish reason was cut', async () => {
    await expect(streamed(stream([delta('half'), DONE]))).rejects.toMatchObject({
      reason: 'Unavailable',
      partialText: 'half',
    });
  });

  test('with a chunk that is no JSON fails with the text before it', async () => {
    await expect(streamed(stream([delta('half'), event('{oops'), DONE]))).rejects.toMatchObject({
      reason: 'BadResponse',
      partialText: 'half',
    });
  });

  test('of nothing but comments runs into the idle deadline', async () => {
    const tick = () => new Promise((resolve) => setTimeout(resolve, 50));
    const comments = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? ': still here\n\n' : tick));
    await expect(streamed(stream([delta('half'), ...comments]))).rejects.toMatchObject({ reason: 'Timeout' });
  });

  test('with one event of more than a megabyte is refused', async () => {
    await expect(streamed(stream(['data: ', 'x'.repeat(2_000_000)]))).rejects.toMatchObject({ reason: 'BadResponse' });
  });

  test('that stays open after its end is complete at once, and its connection is dropped', async () => {
    const started = performance.now();
    const parts = await streamed(stream([delta('hi'), finish(), DONE, SILENCE]));
    expect(parts.at(-1)?.type).toBe('end');
    expect(performance.now() - started).toBeLessThan(500);
    await server.abandoned;
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  test('of an engine that does not stream is taken as a whole', async () => {
    expect(await streamed(chatAnswer('hi'))).toEqual([{ type: 'text', text: 'hi' }, end]);
  });
});

test.for<[string, Reply, string]>([
  [
    'vLLM says the request is too long',
    json(
      {
        object: 'error',
        message: "This model's maximum context length is 512 tokens.",
        type: 'BadRequestError',
        code: 400,
      },
      400,
    ),
    'ContextLengthExceeded',
  ],
  [
    'llama.cpp says the request is too long',
    errorReply(400, {
      code: 400,
      message: 'the request exceeds the available context size',
      type: 'exceed_context_size_error',
      n_ctx: 512,
    }),
    'ContextLengthExceeded',
  ],
  ['a server has no error object', json({ detail: 'Invalid API key' }, 401), 'Unauthorized'],
  ['an error comes with HTTP 200', json({ error: { message: 'no', code: 'model_not_found' } }), 'ModelNotFound'],
  ['an error of its own status comes with HTTP 200', json({ error: { message: 'no', code: 429 } }), 'RateLimited'],
  ['there is no choice', json({ choices: [] }), 'BadResponse'],
  ['the text is a number', json({ choices: [{ message: { content: 1 } }] }), 'BadResponse'],
  ['JSON is null', json(null), 'BadResponse'],
])('when %s the reason is told', async ([, reply, reason]) => {
  expect(await reasonFor(reply)).toBe(reason);
});

test.for<[string, Reply]>([
  ['is cut', { status: 401, headers: { 'content-length': '100' }, steps: ['{"error', CUT] }],
  ['is long', { status: 401, steps: Array.from({ length: 64 }, () => 'x'.repeat(1_000_000)) }],
])('an error whose text %s is told by its status', async ([, reply]) => {
  expect(await reasonFor(reply)).toBe('Unauthorized');
});

test.for<[string, Reply]>([
  [
    'twice for one input',
    json({
      data: [
        { index: 0, embedding: [1] },
        { index: 0, embedding: [2] },
      ],
    }),
  ],
  [
    'per token',
    json({
      data: [
        { index: 0, embedding: [[1]] },
        { index: 1, embedding: [[2]] },
      ],
    }),
  ],
  [
    'with something else than numbers',
    json({
      data: [
        { index: 0, embedding: [1] },
        { index: 1, embedding: ['2'] },
      ],
    }),
  ],
])('vectors that come %s are refused', async ([, reply]) => {
  const backend = await open(() => reply);
  await expect(backend.embed({ model: 'm', input: ['a', 'b'] })).rejects.toMatchObject({ reason: 'BadResponse' });
});

test('vectors are put in the order of the inputs', async () => {
  const backend = await open(() =>
    json({
      data: [
        { index: 1, embedding: [2] },
        { index: 0, embedding: [1] },
      ],
    }),
  );
  expect((await backend.embed({ model: 'm', input: ['a', 'b'] })).vectors).toEqual([[1], [2]]);
  server.answer(() => embeddings([1], [2]));
  expect((await backend.embed({ model: 'm', input: ['a', 'b'] })).usage).toMatchObject({ inputTokens: 4 });
});

test('a connection that the server closed while it was idle costs no answer', async () => {
  const backend = await open(() => chatAnswer('ok'));
  await backend.chat(question);
  server.answer((_, index) => (index === 1 ? CUT : chatAnswer('again')));
  expect((await backend.chat(question)).text).toBe('again');
});
