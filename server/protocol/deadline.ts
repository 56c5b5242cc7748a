/**
 * Runs a piece of a toolset with an end: the client's going away or the call's time, whichever comes first. A tool
 * that ignores its signal is left to itself, and what it still throws reaches nobody. Knows no protocol.
 */
export class TimeoutExceeded extends Error {
  override readonly name = 'TimeoutExceeded';
}

export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/** Rejects with TimeoutExceeded, Cancelled, or what `work` throws. */
export async function withDeadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<T> {
  if (signal.aborted) throw new Cancelled('the client went away');
  const controller = new AbortController();
  const ended = Promise.withResolvers<never>();
  const end = (reason: Error): void => {
    controller.abort(reason);
    ended.reject(reason);
  };
  const cancel = (): void => end(new Cancelled('the client went away'));
  signal.addEventListener('abort', cancel, { once: true });
  const timer = setTimeout(() => end(new TimeoutExceeded(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([work(controller.signal), ended.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
  }
}
