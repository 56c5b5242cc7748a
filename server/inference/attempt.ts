/**
 * One request to one model: with its deadlines, streamed or whole, judged by how it
 * ended. Must not know of other targets or of retries.
 */
import { type Answer, type Backend, BackendError, type ChatRequest } from '#models/backend.ts';
import type { Clock } from '#models/schedule.ts';

export interface AttemptOptions {
  readonly clock: Clock;
  /** Ends the attempt: the caller left, or the deadline of everything. */
  readonly signal: AbortSignal;
  /** Milliseconds until the answer, or of a streamed one its first text, must be there. */
  readonly beginMs: number;
  readonly onText?: ((text: string) => void) | undefined;
}

export type Ended =
  | { readonly answer: Answer }
  /** `begun` after text was handed on: another attempt would repeat it. */
  | { readonly failure: BackendError; readonly begun: boolean };

export async function attempt(backend: Backend, request: ChatRequest, options: AttemptOptions): Promise<Ended> {
  const { clock, signal, beginMs, onText } = options;
  const abort = new AbortController();
  const forward = (): void => abort.abort(signal.reason);
  signal.addEventListener('abort', forward, { once: true });
  if (signal.aborted) forward();
  const cancel = clock.after(beginMs, () =>
    abort.abort(new DOMException(`no answer within ${Math.round(beginMs)} ms`, 'TimeoutError')),
  );
  let begun = false;
  try {
    if (onText === undefined) return { answer: await backend.chat(request, { signal: abort.signal }) };
    let text = '';
    for await (const part of backend.streamChat(request, { signal: abort.signal })) {
      if (part.type === 'end') return { answer: { text, finishReason: part.finishReason, usage: part.usage } };
      if (!begun) cancel();
      begun = true;
      text += part.text;
      onText(part.text);
    }
    throw new BackendError('BadResponse', 'a stream ended without an end');
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return { failure: error, begun };
  } finally {
    cancel();
    signal.removeEventListener('abort', forward);
  }
}
