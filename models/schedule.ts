/**
 * Runs something for each key again and again, off anybody's critical path. A run has a
 * deadline and holds one of few slots only while it is young: one that hangs goes on
 * without a slot, and its key later queues apart from prompt ones, so a hundred hanging
 * keys do not delay the others. Must not know what is run.
 */

/** The part of a clock that is needed: monotonic milliseconds and one-shot timers whose result cancels. */
export interface Clock {
  now(): number;
  after(ms: number, fn: () => void): () => void;
}

export interface ScheduleOptions {
  readonly clock: Clock;
  /** Uniform in [0, 1); spreads runs over time. */
  readonly random: () => number;
  /** Must not throw for what happens out there; what it throws goes to `onError`. */
  readonly run: (key: string, signal: AbortSignal) => Promise<void>;
  /** Milliseconds from the end of a run to the next; asked after each run. */
  readonly intervalOf: (key: string) => number;
  /** Milliseconds after which a run is aborted with a TimeoutError. */
  readonly timeoutOf: (key: string) => number;
  readonly onError: (key: string, error: unknown) => void;
  /** Slots for keys whose last run was prompt, and as many for the others; 32 without it. */
  readonly slots?: number;
  /** Milliseconds for which a run holds its slot; 250 without it. */
  readonly youngMs?: number;
}

export interface Schedule {
  /** Runs the key as soon as a slot is free, then by its interval. Does nothing, and says false, for a key that is there. */
  add(key: string): boolean;
  /** Forgets the key and aborts its run. */
  remove(key: string): void;
  /** Runs the key now, or once more after the run under way. Resolves after that run. */
  now(key: string): Promise<void>;
  /** Runs under way, and keys that wait for a slot. */
  readonly load: () => { readonly running: number; readonly waiting: number };
  /** Aborts everything and resolves when no run is left. */
  stop(): Promise<void>;
}

interface Entry {
  readonly key: string;
  state: 'idle' | 'waiting' | 'running';
  lagging: boolean;
  again: boolean;
  cancel: () => void;
  abort: AbortController | undefined;
  waiters: (() => void)[];
}

/** Share by which intervals differ, to either side. */
const JITTER = 0.1;

export function createSchedule(options: ScheduleOptions): Schedule {
  const { clock, random, run, intervalOf, timeoutOf, onError, slots = 32, youngMs = 250 } = options;
  const entries = new Map<string, Entry>();
  const running = new Set<Promise<void>>();
  const lanes = { prompt: { free: slots, queue: [] as Entry[] }, lagging: { free: slots, queue: [] as Entry[] } };
  let stopped = false;

  function enqueue(entry: Entry): void {
    entry.cancel();
    if (entry.state !== 'idle') return;
    entry.state = 'waiting';
    const lane = entry.lagging ? lanes.lagging : lanes.prompt;
    lane.queue.push(entry);
    drain(lane);
  }

  function drain(lane: (typeof lanes)['prompt']): void {
    if (stopped) return;
    while (lane.free > 0) {
      const entry = lane.queue.shift();
      if (entry === undefined) return;
      if (entries.get(entry.key) !== entry) continue;
      lane.free -= 1;
      const ran = start(entry, lane);
      running.add(ran);
      void ran.finally(() => running.delete(ran));
    }
  }

  async function start(entry: Entry, lane: (typeof lanes)['prompt']): Promise<void> {
    entry.state = 'running';
    entry.again = false;
    entry.lagging = false;
    const waiters = entry.waiters.splice(0);
    const abort = new AbortController();
    entry.abort = abort;
    let holds = true;
    const letGo = (): void => {
      if (!holds) return;
      holds = false;
      lane.free += 1;
      drain(lane);
    };
    const cancelYoung = clock.after(youngMs, () => {
      entry.lagging = true;
      letGo();
    });
    const limit = timeoutOf(entry.key);
    const cancelDeadline = clock.after(limit, () =>
      abort.abort(new DOMException(`no result within ${limit} ms`, 'TimeoutError')),
    );
    try {
      await run(entry.key, abort.signal);
    } catch (error) {
      onError(entry.key, error);
    } finally {
      cancelYoung();
      cancelDeadline();
      entry.state = 'idle';
      for (const waiter of waiters) waiter();
      if (entries.get(entry.key) === entry && !stopped) rest(entry);
      letGo();
    }
  }

  function rest(entry: Entry): void {
    if (entry.again) return enqueue(entry);
    const pause = intervalOf(entry.key) * (1 - JITTER + 2 * JITTER * random());
    entry.cancel = clock.after(pause, () => enqueue(entry));
  }

  function discard(entry: Entry): void {
    entry.cancel();
    entry.abort?.abort(new DOMException('no longer watched', 'AbortError'));
    for (const waiter of entry.waiters.splice(0)) waiter();
  }

  return {
    add(key) {
      if (stopped || entries.has(key)) return false;
      const entry: Entry = {
        key,
        state: 'idle',
        lagging: false,
        again: false,
        cancel: () => undefined,
        abort: undefined,
        waiters: [],
      };
      entries.set(key, entry);
      enqueue(entry);
      return true;
    },
    remove(key) {
      const entry = entries.get(key);
      if (entry === undefined) return;
      entries.delete(key);
      discard(entry);
    },
    now(key) {
      const entry = entries.get(key);
      if (entry === undefined || stopped) return Promise.resolve();
      const done = new Promise<void>((resolve) => entry.waiters.push(resolve));
      entry.again = entry.state === 'running';
      enqueue(entry);
      return done;
    },
    load: () => ({ running: running.size, waiting: lanes.prompt.queue.length + lanes.lagging.queue.length }),
    async stop() {
      stopped = true;
      for (const entry of entries.values()) discard(entry);
      entries.clear();
      await Promise.all(running);
    },
  };
}
