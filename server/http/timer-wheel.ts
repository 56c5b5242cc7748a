/**
 * Work that comes back once a period for thousands of holders, with one timer of the process. Holders are spread over
 * the slots of the period, so that those who came together do not come due together. Knows nothing of the work.
 */
export interface TimerWheel {
  /** Runs `task` once a period, the first time within one; it must not throw. The returned function ends that. */
  add(task: () => void): () => void;
  readonly size: number;
  /** Forgets every task. */
  close(): void;
}

export interface TimerWheelOptions {
  /** In milliseconds. */
  readonly periodMs?: number;
  /** The timer fires this often a period. */
  readonly slots?: number;
}

/** Below the idle timeouts of common proxies (60 s), with room for one lost comment. */
const PERIOD_MS = 15_000;
const SLOTS = 60;

/** The timer runs only while there are tasks, and keeps no process alive. */
export function createTimerWheel({ periodMs = PERIOD_MS, slots = SLOTS }: TimerWheelOptions = {}): TimerWheel {
  const wheel = Array.from({ length: slots }, () => new Set<{ readonly task: () => void }>());
  let timer: NodeJS.Timeout | undefined;
  let now = 0;
  let next = 0;
  let size = 0;

  const tick = (): void => {
    now = (now + 1) % slots;
    for (const { task } of wheel[now] ?? []) task();
  };
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  return {
    add(task) {
      const entry = { task };
      const slot = wheel[next] ?? new Set();
      next = (next + 1) % slots;
      slot.add(entry);
      size += 1;
      timer ??= setInterval(tick, periodMs / slots).unref();
      return () => {
        if (!slot.delete(entry)) return;
        size -= 1;
        if (size === 0) stop();
      };
    },
    get size() {
      return size;
    },
    close() {
      for (const slot of wheel) slot.clear();
      size = 0;
      stop();
    },
  };
}
