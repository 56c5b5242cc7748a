/**
 * The bodies of the OpenAI shape: requests as they are written, answers as they are
 * read and judged. Pure; must not know HTTP or how a stream is cut into events.
 */
import type { Answer, ChatRequest, CompletionRequest, EmbeddingRequest, FinishReason, Usage } from './backend.ts';
import { isCount, isObject } from './json.ts';

/** Models that refuse max_tokens take max_completion_tokens (OpenAI's reasoning models). */
export type TokenLimitName = 'max_tokens' | 'max_completion_tokens';

type Body = Readonly<Record<string, unknown>>;

function sampling(request: ChatRequest | CompletionRequest, limit: TokenLimitName, stream: boolean): Body {
  return {
    model: request.model,
    ...(request.maxTokens === undefined ? {} : { [limit]: request.maxTokens }),
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
    ...(request.topP === undefined ? {} : { top_p: request.topP }),
    ...(request.seed === undefined ? {} : { seed: request.seed }),
    ...(request.stop === undefined ? {} : { stop: request.stop }),
    ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
}

export function chatBody(request: ChatRequest, limit: TokenLimitName, stream: boolean): Body {
  const schema = request.responseSchema;
  return {
    ...sampling(request, limit, stream),
    messages: request.messages.map(({ role, content }) => ({ role, content })),
    ...(schema === undefined
      ? {}
      : {
          response_format: {
            type: 'json_schema',
            json_schema: { name: schema.name, schema: schema.schema, strict: true },
          },
        }),
  };
}

export function completionBody(request: CompletionRequest, stream: boolean): Body {
  return { ...sampling(request, 'max_tokens', stream), prompt: request.prompt };
}

export function embeddingBody(request: EmbeddingRequest): Body {
  return {
    model: request.model,
    input: request.input,
    encoding_format: 'float',
    ...(request.dimensions === undefined ? {} : { dimensions: request.dimensions }),
  };
}

const FINISH: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  content_filter: 'contentFilter',
  tool_calls: 'toolCalls',
  function_call: 'toolCalls',
};

export interface Piece {
  readonly text: string;
  readonly finishReason: FinishReason | undefined;
  readonly usage: Usage | undefined;
}

/** The first choice of an answer or of one chunk; undefined if the value is none. */
export function pieceOf(body: unknown): Piece | undefined {
  if (!isObject(body)) return undefined;
  const usage = usageOf(body['usage']);
  const choices: unknown = body['choices'];
  if (!Array.isArray(choices)) return undefined;
  const choice: unknown = choices[0];
  if (choice === undefined) return { text: '', finishReason: undefined, usage };
  if (!isObject(choice)) return undefined;
  const carrier = choice['message'] ?? choice['delta'];
  const text: unknown = isObject(carrier) ? carrier['content'] : choice['text'];
  if (text !== undefined && text !== null && typeof text !== 'string') return undefined;
  const finish: unknown = choice['finish_reason'];
  return {
    text: text ?? '',
    finishReason: typeof finish === 'string' ? (FINISH[finish] ?? 'unknown') : undefined,
    usage,
  };
}

/** A whole answer; undefined if the body is none. */
export function answerOf(body: unknown, prompt: string): Answer | undefined {
  const piece = pieceOf(body);
  if (piece === undefined || !isObject(body) || (body['choices'] as readonly unknown[]).length === 0) return undefined;
  const { text, finishReason, usage } = piece;
  return { text, finishReason: finishReason ?? 'unknown', usage: usage ?? estimate(prompt, text) };
}

function usageOf(value: unknown): Usage | undefined {
  if (!isObject(value) || !isCount(value['prompt_tokens'])) return undefined;
  const output: unknown = value['completion_tokens'] ?? 0;
  return isCount(output) ? { inputTokens: value['prompt_tokens'], outputTokens: output, estimated: false } : undefined;
}

/** Four characters per token, the rule of thumb for English text; for backends that do not count. */
export function estimate(input: string, output: string): Usage {
  return { inputTokens: Math.ceil(input.length / 4), outputTokens: Math.ceil(output.length / 4), estimated: true };
}

/** Vectors in the order of the inputs; undefined unless there is exactly one for each, all of one length. */
export function vectorsOf(body: unknown, inputs: number): readonly (readonly number[])[] | undefined {
  const data: unknown = isObject(body) ? body['data'] : undefined;
  if (!Array.isArray(data) || data.length !== inputs) return undefined;
  const vectors = Array.from<readonly number[] | undefined>({ length: inputs });
  for (const [position, entry] of data.entries()) {
    if (!isObject(entry)) return undefined;
    const index: unknown = entry['index'] ?? position;
    const vector: unknown = entry['embedding'];
    if (!isCount(index) || index >= inputs || vectors[index] !== undefined || !isVector(vector)) return undefined;
    vectors[index] = vector;
  }
  const complete = vectors.filter((vector) => vector !== undefined);
  return complete.every((vector) => vector.length === complete[0]?.length) ? complete : undefined;
}

function isVector(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every((x) => typeof x === 'number' && Number.isFinite(x));
}

export function embeddingUsage(body: unknown, inputs: readonly string[]): Usage {
  return usageOf(isObject(body) ? body['usage'] : undefined) ?? estimate(inputs.join(''), '');
}

/** Names in a list of models; undefined if the body is none. */
export function modelNames(body: unknown): readonly string[] | undefined {
  const data: unknown = isObject(body) ? body['data'] : undefined;
  if (!Array.isArray(data)) return undefined;
  const names = data.map((entry: unknown) => (isObject(entry) ? entry['id'] : undefined));
  return names.filter((name): name is string => typeof name === 'string' && name.length <= 512).slice(0, 10_000);
}
