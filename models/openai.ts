/**
 * The adapter for servers that speak the OpenAI shape: vLLM, llama.cpp, SGLang,
 * LiteLLM, NIM, Ollama's /v1 and hosted APIs. Must not know which backend it is, or
 * why it was chosen.
 */
import {
  type Answer,
  type Backend,
  BackendError,
  type CallOptions,
  type ChatRequest,
  type CompletionRequest,
  type EmbeddingRequest,
  type Embeddings,
  type FinishReason,
  type StreamPart,
  type Usage,
} from './backend.ts';
import { eventsOf } from './events.ts';
import type { Exchange } from './exchange.ts';
import type { Http, HttpAnswer } from './http.ts';
import { parseJson } from './json.ts';
import { errorFields, refusal } from './openai-error.ts';
import {
  answerOf,
  chatBody,
  completionBody,
  embeddingBody,
  embeddingUsage,
  estimate,
  modelNames,
  pieceOf,
  type TokenLimitName,
  vectorsOf,
} from './openai-wire.ts';

const MiB = 1024 * 1024;
/** Longest answers, in bytes. Vectors are long: 2048 of 4096 numbers fill about 100 MiB. */
const MAX_BYTES = { models: 4 * MiB, answer: 16 * MiB, stream: 64 * MiB, embeddings: 128 * MiB } as const;

/** Most of an error that is looked at, in bytes. */
const MAX_ERROR_BYTES = 64 * 1024;

export interface OpenAIOptions {
  /** Wall time in milliseconds, for Retry-After dates. */
  readonly wall?: () => number;
}

export function openAI(http: Http, { wall = Date.now }: OpenAIOptions = {}): Backend {
  /** Models that asked for the other name of the token limit. */
  const limitNames = new Map<string, TokenLimitName>();
  const limitOf = (model: string): TokenLimitName => limitNames.get(model) ?? 'max_tokens';

  async function refused({ exchange, secret }: HttpAnswer, model?: string): Promise<BackendError> {
    const body = await beginning(exchange);
    const fields = errorFields(parseJson(body));
    if (model !== undefined && fields?.param === 'max_tokens' && fields.code === 'unsupported_parameter') {
      limitNames.set(model, 'max_completion_tokens');
    }
    const retryAfter = exchange.header('retry-after');
    return refusal({ origin: http.origin, status: exchange.status, body, retryAfter, secret, now: wall() });
  }

  async function ask(path: string, body: unknown, maxBytes: number, options: CallOptions, model?: string) {
    const method = body === undefined ? 'GET' : 'POST';
    const answer = await http.send({ method, path, body, maxBytes, signal: options.signal });
    if (answer.exchange.status >= 400) throw await refused(answer, model);
    return answer;
  }

  /** Asks with the one name of the token limit, then with the other if the model wants that. */
  async function askModel(path: string, model: string, body: () => unknown, maxBytes: number, options: CallOptions) {
    const before = limitOf(model);
    try {
      return await ask(path, body(), maxBytes, options, model);
    } catch (error) {
      if (limitOf(model) === before) throw error;
      return ask(path, body(), maxBytes, options, model);
    }
  }

  async function json(answer: HttpAnswer): Promise<unknown> {
    const text = (await answer.exchange.read()).toString('utf8');
    const body = parseJson(text);
    if (errorFields(body) !== undefined) {
      throw refusal({ origin: http.origin, status: 200, body: text, secret: answer.secret, now: wall() });
    }
    return body;
  }

  const bad = (what: string, partialText?: string): BackendError =>
    new BackendError('BadResponse', `${http.origin} ${what}`, partialText === undefined ? {} : { partialText });

  async function whole(answer: HttpAnswer, prompt: string): Promise<Answer> {
    const result = answerOf(await json(answer), prompt);
    if (result === undefined) throw bad('sent an answer that is not in the OpenAI shape');
    return result;
  }

  /** An engine that does not stream answers as a whole. */
  async function* unstreamed(answer: HttpAnswer, prompt: string): AsyncGenerator<StreamPart> {
    const { text, finishReason, usage } = await whole(answer, prompt);
    if (text !== '') yield { type: 'text', text };
    yield { type: 'end', finishReason, usage };
  }

  /** Reads events until the end of the answer; never ends without an end part or an error. */
  async function* parts(answer: HttpAnswer, prompt: string): AsyncGenerator<StreamPart> {
    const { exchange, secret } = answer;
    let text = '';
    let finish: FinishReason | undefined;
    let usage: Usage | undefined;
    try {
      for await (const data of eventsOf(exchange, http.origin)) {
        if (data === '[DONE]') break;
        const body = parseJson(data);
        if (errorFields(body) !== undefined) {
          throw refusal({ origin: http.origin, status: 200, body: data, secret, now: wall(), partialText: text });
        }
        const piece = pieceOf(body);
        if (piece === undefined) throw bad('sent a chunk that is not in the OpenAI shape', text);
        usage = piece.usage ?? usage;
        finish = piece.finishReason ?? finish;
        text += piece.text;
        if (piece.text !== '') yield { type: 'text', text: piece.text };
      }
    } catch (error) {
      // After its finish reason an answer is whole, whatever becomes of the connection.
      if (finish === undefined || !(error instanceof BackendError) || error.reason === 'Aborted')
        throw withText(error, text);
    }
    if (finish === undefined) {
      throw new BackendError('Unavailable', `${http.origin} broke off its answer`, { partialText: text });
    }
    yield { type: 'end', finishReason: finish, usage: usage ?? estimate(prompt, text) };
  }

  /** Whatever way the reader leaves, the connection is given back or dropped. */
  async function* stream(start: () => Promise<HttpAnswer>, prompt: string): AsyncGenerator<StreamPart> {
    const answer = await start();
    const isWhole = /^(application\/json|text\/html)\b/.test(answer.exchange.header('content-type') ?? '');
    let complete = false;
    try {
      for await (const part of isWhole ? unstreamed(answer, prompt) : parts(answer, prompt)) {
        complete = part.type === 'end';
        if (complete) answer.exchange.release();
        yield part;
      }
    } finally {
      if (!complete) answer.exchange.fail(new BackendError('Aborted', `the answer of ${http.origin} is not needed`));
    }
  }

  const chat = (request: ChatRequest, streamed: boolean, options: CallOptions): Promise<HttpAnswer> => {
    const body = (): unknown => chatBody(request, limitOf(request.model), streamed);
    return askModel(
      '/v1/chat/completions',
      request.model,
      body,
      streamed ? MAX_BYTES.stream : MAX_BYTES.answer,
      options,
    );
  };
  const complete = (request: CompletionRequest, streamed: boolean, options: CallOptions): Promise<HttpAnswer> => {
    const maxBytes = streamed ? MAX_BYTES.stream : MAX_BYTES.answer;
    return ask('/v1/completions', completionBody(request, streamed), maxBytes, options);
  };

  return {
    capabilities: new Set(['Chat', 'Completion', 'Embedding']),
    async listModels(options = {}) {
      const answer = await ask('/v1/models', undefined, MAX_BYTES.models, options);
      const names = modelNames(await json(answer));
      if (names === undefined) throw bad('sent a list of models that is not in the OpenAI shape');
      const token = answer.secret?.split(' ').at(-1);
      return names.filter((name) => token === undefined || !name.includes(token));
    },
    chat: async (request, options = {}) => whole(await chat(request, false, options), promptOf(request)),
    streamChat: (request, options = {}) => stream(() => chat(request, true, options), promptOf(request)),
    complete: async (request, options = {}) => whole(await complete(request, false, options), request.prompt),
    streamComplete: (request, options = {}) => stream(() => complete(request, true, options), request.prompt),
    async embed(request: EmbeddingRequest, options = {}): Promise<Embeddings> {
      const body = await json(await ask('/v1/embeddings', embeddingBody(request), MAX_BYTES.embeddings, options));
      const vectors = vectorsOf(body, request.input.length);
      if (vectors === undefined) throw bad(`did not send one vector for each of ${request.input.length} inputs`);
      return { vectors, usage: embeddingUsage(body, request.input) };
    },
    shutdown: () => http.shutdown(),
  };
}

/** What an error says, as far as it can be read: its status alone tells enough. */
async function beginning(exchange: Exchange): Promise<string> {
  try {
    return (await exchange.read(MAX_ERROR_BYTES)).toString('utf8');
  } catch (error) {
    if (error instanceof BackendError && error.reason !== 'Aborted') return '';
    throw error;
  }
}

const promptOf = (request: ChatRequest): string => request.messages.map(({ content }) => content).join('\n');

/** The same failure with the text that came before it. */
function withText(error: unknown, text: string): unknown {
  if (!(error instanceof BackendError) || error.partialText !== undefined) return error;
  const { reason, message, status, retryAfterMs, cause } = error;
  return new BackendError(reason, message, {
    ...(status === undefined ? {} : { status }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    partialText: text,
    cause,
  });
}
