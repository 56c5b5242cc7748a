/**
 * What toolsets see of models: ask by route, get an answer with the model that gave
 * it, or a typed reason why there is none. Must not know where backends come from.
 */
import type { ChatRequest, FinishReason, Usage } from '#models/backend.ts';

export type Question = Omit<ChatRequest, 'model'>;

export interface InferenceOptions {
  /** Name of the route; the first route without it. */
  readonly route?: string | undefined;
  readonly signal?: AbortSignal;
  /** Time for everything, in milliseconds; the route's own deadline where that is shorter. */
  readonly deadlineMs?: number;
  /** Called with each piece of text as it comes; makes the request a streamed one. */
  readonly onText?: (text: string) => void;
}

export interface InferenceAnswer {
  readonly text: string;
  readonly finishReason: FinishReason;
  readonly usage: Usage;
  /** Where it came from. */
  readonly backend: string;
  readonly model: string;
}

/** A backend as the server sees it now. */
export interface BackendView {
  readonly name: string;
  readonly ready: boolean;
  readonly reason: string;
  readonly models: readonly string[];
}

export interface Inference {
  chat(question: Question, options?: InferenceOptions): Promise<InferenceAnswer>;
  backends(): readonly BackendView[];
}

export type InferenceErrorReason =
  | 'NoBackend'
  | 'Unavailable'
  | 'Timeout'
  | 'RateLimited'
  | 'Rejected'
  | 'Aborted'
  | 'InvalidAnswer';

/** No answer could be had. `message` is safe for clients. */
export class InferenceError extends Error {
  override readonly name = 'InferenceError';
  readonly reason: InferenceErrorReason;

  constructor(reason: InferenceErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
