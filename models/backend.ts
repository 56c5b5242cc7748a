/**
 * What every model backend can be asked, whatever its wire protocol. The operator's
 * prober and the server's router use nothing else. Must not know Kubernetes, MCP or
 * how a backend is chosen.
 */
export type Task = 'Chat' | 'Completion' | 'Embedding';

export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** Times in milliseconds. */
export interface Timeouts {
  readonly connectMs: number;
  readonly firstByteMs: number;
  readonly idleMs: number;
  readonly requestMs: number;
}

/** How to reach one backend. */
export interface Endpoint {
  readonly url: string;
  readonly pathPrefix: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Header and value of the credential, read anew for each request so that a changed Secret counts at once. */
  readonly credential?: () => Promise<{ readonly header: string; readonly value: string } | undefined>;
  readonly timeouts: Timeouts;
}

/** `signal` ends the request upstream too. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

interface Sampling {
  /** Name that the engine uses. */
  readonly model: string;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
}

export interface ChatRequest extends Sampling {
  readonly messages: readonly Message[];
  /** JSON Schema that the answer must satisfy. */
  readonly responseSchema?: { readonly name: string; readonly schema: Readonly<Record<string, unknown>> };
}

export interface CompletionRequest extends Sampling {
  readonly prompt: string;
}

export interface EmbeddingRequest {
  readonly model: string;
  readonly input: readonly string[];
  readonly dimensions?: number;
}

/** Tokens; `estimated` where the backend did not count. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly estimated: boolean;
}

export type FinishReason = 'stop' | 'length' | 'contentFilter' | 'toolCalls' | 'unknown';

export interface Answer {
  readonly text: string;
  readonly finishReason: FinishReason;
  readonly usage: Usage;
}

/** Parts of a streamed answer: text as it comes, then one end. A stream without an end throws. */
export type StreamPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'end'; readonly finishReason: FinishReason; readonly usage: Usage };

export interface Embeddings {
  readonly vectors: readonly (readonly number[])[];
  readonly usage: Usage;
}

export interface Backend {
  readonly capabilities: ReadonlySet<Task>;
  /** Names of the models that the backend lists. */
  listModels(options?: CallOptions): Promise<readonly string[]>;
  chat(request: ChatRequest, options?: CallOptions): Promise<Answer>;
  streamChat(request: ChatRequest, options?: CallOptions): AsyncIterable<StreamPart>;
  complete(request: CompletionRequest, options?: CallOptions): Promise<Answer>;
  streamComplete(request: CompletionRequest, options?: CallOptions): AsyncIterable<StreamPart>;
  embed(request: EmbeddingRequest, options?: CallOptions): Promise<Embeddings>;
  /** Closes connections; a call under way fails as Aborted. */
  shutdown(): Promise<void>;
}

export type BackendErrorReason =
  | 'ConnectionRefused'
  | 'TLSFailed'
  | 'Timeout'
  | 'Unavailable'
  | 'RateLimited'
  | 'Unauthorized'
  | 'ModelNotFound'
  | 'ContextLengthExceeded'
  | 'BadRequest'
  | 'BadResponse'
  | 'Unsupported'
  | 'Aborted';

/** Every failure of a backend. `message` is safe to show: it holds no credential and no body of unknown origin. */
export class BackendError extends Error {
  override readonly name = 'BackendError';
  readonly reason: BackendErrorReason;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  /** Text that was already streamed when the failure came. */
  readonly partialText: string | undefined;

  constructor(
    reason: BackendErrorReason,
    message: string,
    details: { status?: number; retryAfterMs?: number; partialText?: string; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.reason = reason;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
    this.partialText = details.partialText;
  }
}
