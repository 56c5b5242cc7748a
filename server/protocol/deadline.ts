/**
 * Ends for things that all may take the same time. Whoever began first is due first, so one timer and a list serve any
 * number of them; the links of the list stand in the things themselves, because every call is put in and taken out.
 * Knows no protocol.
 */
export interface Expiring {
  /** Of performance.now(). */
  readonly startedAt: number;
  expire(): void;
  /** Neighbours in the list; only for Deadlines. */
  earlier: Expiring | undefined;
  later: Expiring | undefined;
}

export class Deadlines {
  readonly timeoutMs: number;
  #first: Expiring | undefined;
  #last: Expiring | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  /** Once for each thing, and in the order of their start. */
  add(entry: Expiring): void {
    entry.earlier = this.#last;
    if (this.#last) this.#last.later = entry;
    else this.#first = entry;
    this.#last = entry;
    if (this.#timer === undefined) this.#timer = this.#wait(this.timeoutMs);
  }

  /** Does nothing where it is not in the list. */
  delete(entry: Expiring): void {
    const { earlier, later } = entry;
    if (earlier) earlier.later = later;
    else if (this.#first === entry) this.#first = later;
    if (later) later.earlier = earlier;
    else if (this.#last === entry) this.#last = earlier;
    entry.earlier = undefined;
    entry.later = undefined;
  }

  /** Keeps no process alive. */
  #wait(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#sweep(), ms).unref();
  }

  #sweep(): void {
    this.#timer = undefined;
    for (let entry = this.#first; entry; entry = this.#first) {
      const left = entry.startedAt + this.timeoutMs - performance.now();
      if (left > 0) {
        if (this.#timer === undefined) this.#timer = this.#wait(Math.ceil(left));
        return;
      }
      this.delete(entry);
      entry.expire();
    }
  }
}
