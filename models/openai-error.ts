/**
 * What a refusal in the OpenAI shape means, across the engines that write it: OpenAI,
 * vLLM, llama.cpp, LiteLLM and servers that answer with no error object at all. Text
 * of the backend is read but never repeated; only a plain code is.
 */
import { BackendError, type BackendErrorReason } from './backend.ts';
import { isObject, parseJson } from './json.ts';
import { retryAfterMs } from './retry-after.ts';

export interface Refusal {
  readonly origin: string;
  readonly status: number;
  readonly body: string;
  readonly retryAfter?: string | undefined;
  /** Never shown, should the backend repeat it. */
  readonly secret?: string | undefined;
  /** Wall time, in milliseconds. */
  readonly now: number;
  readonly partialText?: string | undefined;
}

interface Fields {
  readonly code: string;
  readonly type: string;
  readonly param: string;
  readonly message: string;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The error object, wherever an engine puts it: `{error: {…}}`, `{error: "…"}`, `{detail: …}`, `{message, type, code}`. */
export function errorFields(body: unknown): Fields | undefined {
  if (!isObject(body)) return undefined;
  const inner = body['error'] ?? (body['object'] === 'error' ? body : undefined);
  if (typeof inner === 'string') return { code: '', type: '', param: '', message: inner };
  if (!isObject(inner)) return undefined;
  return {
    code: text(inner['code']),
    type: text(inner['type']),
    param: text(inner['param']),
    message: text(inner['message']),
  };
}

/** OpenAI's and LiteLLM's code; vLLM's sentences; llama.cpp's type. */
function isContextLength({ code, type, message }: Fields): boolean {
  return (
    code === 'context_length_exceeded' ||
    type === 'exceed_context_size_error' ||
    /maximum context length|context (length|size|window).{0,40}exceed|exceed.{0,40}context (length|size|window)|prompt is too long/i.test(
      message.slice(0, 2000),
    )
  );
}

function reasonOf(status: number, fields: Fields): BackendErrorReason {
  if (isContextLength(fields)) return 'ContextLengthExceeded';
  if (fields.code === 'model_not_found') return 'ModelNotFound';
  if (status === 401 || status === 403) return 'Unauthorized';
  if (status === 404) return 'ModelNotFound';
  if (status === 408 || status === 504) return 'Timeout';
  if (status === 429) return 'RateLimited';
  if (status >= 500) return 'Unavailable';
  return status >= 400 ? 'BadRequest' : 'BadResponse';
}

/** An error object within HTTP 200 carries its own status, if any. */
function statusWithin(body: unknown): number | undefined {
  const inner = isObject(body) && isObject(body['error']) ? body['error'] : body;
  const code = isObject(inner) ? Number(inner['code']) : Number.NaN;
  return Number.isInteger(code) && code >= 400 && code <= 599 ? code : undefined;
}

const SENTENCES: Readonly<Partial<Record<BackendErrorReason, string>>> = {
  ContextLengthExceeded: 'the request is longer than the context of the model',
  ModelNotFound: 'it knows neither this model nor this path',
  Unauthorized: 'it does not accept the credential',
  Timeout: 'it ran into a deadline of its own',
  RateLimited: 'it limits the rate of requests',
  Unavailable: 'it cannot answer now',
  BadRequest: 'it does not accept the request',
  BadResponse: 'it reports an error',
};

export function refusal(from: Refusal): BackendError {
  const body = parseJson(from.body);
  const fields = errorFields(body) ?? { code: '', type: '', param: '', message: '' };
  const status = from.status < 400 ? (statusWithin(body) ?? 500) : from.status;
  const reason = reasonOf(status, fields);
  const wait = retryAfterMs(from.retryAfter, from.now);
  const word = [fields.code, fields.type].find((name) => isPlain(name, from.secret));
  const details = [
    from.status < 400 ? 'an error within HTTP 200' : `HTTP ${status}`,
    ...(word === undefined ? [] : [word]),
  ];
  return new BackendError(reason, `${from.origin} refused: ${SENTENCES[reason] ?? reason} (${details.join(', ')})`, {
    status,
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
    ...(from.partialText === undefined ? {} : { partialText: from.partialText }),
  });
}

/** Codes such as `rate_limit_exceeded` are shown; anything that could carry data is not. */
function isPlain(name: string, secret: string | undefined): boolean {
  return /^[a-z]{2,20}(_[a-z]{2,20}){1,5}$/.test(name) && secret?.includes(name) !== true;
}
