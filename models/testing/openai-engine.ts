/**
 * Answers in the OpenAI shape for scripted servers, as the engines write them. Used by
 * the contract of adapters and by tests of the router; knows nothing of the adapter.
 */
import { event, json, type Reply, type Script, type Step, stream } from './scripted.ts';

const usage = (input: number, output: number) => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
});

export const models = (...names: readonly string[]): Reply =>
  json({ object: 'list', data: names.map((id) => ({ id, object: 'model', created: 1, owned_by: 'test' })) });

export const chatAnswer = (content: string): Reply =>
  json({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: usage(7, 3),
  });

export const textAnswer = (text: string): Reply =>
  json({ object: 'text_completion', choices: [{ index: 0, text, finish_reason: 'length' }], usage: usage(7, 3) });

export const delta = (content: string): string =>
  event({ object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content }, finish_reason: null }] });

export const finish = (reason = 'stop'): string => event({ choices: [{ index: 0, delta: {}, finish_reason: reason }] });

export const usageChunk = (): string => event({ choices: [], usage: usage(7, 3) });

export const DONE = event('[DONE]');

export const chatStream = (...pieces: readonly Step[]): Reply =>
  stream([
    event({ choices: [{ index: 0, delta: { role: 'assistant' }, finish_reason: null }] }),
    ...pieces.map((piece) => (typeof piece === 'string' ? delta(piece) : piece)),
    finish(),
    usageChunk(),
    DONE,
  ]);

export const embeddings = (...vectors: readonly (readonly number[])[]): Reply =>
  json({
    object: 'list',
    data: vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })),
    usage: { prompt_tokens: 4, total_tokens: 4 },
  });

export const errorReply = (
  status: number,
  error: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): Reply => json({ error }, status, headers);

/** A healthy engine that says `text`, streamed or not. */
export const engine =
  (names: readonly string[], text = 'hello'): Script =>
  ({ path, body }) => {
    if (path.endsWith('/v1/models')) return models(...names);
    const request = JSON.parse(body) as { readonly stream?: boolean; readonly input?: readonly string[] };
    if (path.endsWith('/v1/embeddings')) return embeddings(...(request.input ?? []).map((_, i) => [i, 0.5]));
    if (path.endsWith('/v1/completions')) return textAnswer(text);
    return request.stream === true ? chatStream(...text.split(/(?<= )/)) : chatAnswer(text);
  };
