/**
 * Two lines of keys in front of the workers. What must be done goes before what must only be looked at again, so that a
 * burst of new objects is made before each of them reports; but nobody waits in the second line for ever. It must not
 * know why a key waits.
 */
export type Priority = 'normal' | 'low';

/** Low keys that have waited so long take turns with the others, ms. */
export const LOW_WAITS_MS = 5_000;

interface Entry {
  readonly key: string;
  readonly since: number;
}

/** A key stands in one line at most. */
export class Lanes {
  readonly #normal = new Line<string>();
  /** Holds entries of keys that have moved to the first line, too; #low has the word. */
  readonly #second = new Line<Entry>();
  readonly #low = new Map<string, Entry>();
  #lowWent = false;

  get size(): number {
    return this.#normal.length + this.#low.size;
  }

  /** A key that stands in the second line already moves to the first one if it is to. */
  offer(key: string, priority: Priority, since: number): void {
    if (priority === 'normal') {
      this.#low.delete(key);
      this.#normal.push(key);
      return;
    }
    const entry = { key, since };
    this.#low.set(key, entry);
    this.#second.push(entry);
  }

  shift(now: number): string | undefined {
    const oldest = this.#oldest();
    const overdue = oldest !== undefined && now - oldest.since >= LOW_WAITS_MS;
    if (oldest === undefined || (this.#normal.length > 0 && (!overdue || this.#lowWent))) {
      this.#lowWent = false;
      return this.#normal.shift();
    }
    this.#lowWent = true;
    this.#second.shift();
    this.#low.delete(oldest.key);
    return oldest.key;
  }

  #oldest(): Entry | undefined {
    for (;;) {
      const entry = this.#second.first;
      if (entry === undefined || this.#low.get(entry.key) === entry) return entry;
      this.#second.shift();
    }
  }
}

/** First in, first out, in constant time on average. */
class Line<T> {
  #items: T[] = [];
  /** The part before it is gone already. */
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get first(): T | undefined {
    return this.#items[this.#head];
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head += 1;
    // Dropping the taken part only when it is the larger one makes each shift O(1) on average.
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  push(item: T): void {
    this.#items.push(item);
  }
}
