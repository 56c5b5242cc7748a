/**
 * Keys with a due time: of two times for one key the earlier wins, and one timer serves them all (a binary heap), so
 * that ten thousand waiting keys cost ten thousand small entries and nothing else. It must not know what is due.
 */
import type { Clock } from './clock.ts';

interface Entry<K> {
  readonly at: number;
  readonly key: K;
}

export class Schedule<K> {
  readonly #clock: Clock;
  readonly #due: (key: K) => void;
  /** Holds outdated entries too; #times has the word. */
  #heap: Entry<K>[] = [];
  readonly #times = new Map<K, number>();
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor(clock: Clock, due: (key: K) => void) {
    this.#clock = clock;
    this.#due = due;
  }

  get size(): number {
    return this.#times.size;
  }

  has(key: K): boolean {
    return this.#times.has(key);
  }

  set(key: K, afterMs: number): void {
    const at = this.#clock.now() + afterMs;
    const before = this.#times.get(key);
    if (before !== undefined && before <= at) return;
    this.#times.set(key, at);
    this.#push({ at, key });
    if (this.#heap.length > 64 + 2 * this.#times.size) this.#rebuild();
    this.#arm();
  }

  delete(key: K): void {
    this.#times.delete(key);
  }

  clear(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#heap = [];
    this.#times.clear();
  }

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined || (this.#timer !== undefined && this.#timer.at <= first.at)) return;
    this.#timer?.cancel();
    const wait = Math.max(0, first.at - this.#clock.now());
    this.#timer = { at: first.at, cancel: this.#clock.after(wait, () => this.#fire()) };
  }

  #fire(): void {
    this.#timer = undefined;
    // Node's timers may fire up to a millisecond early.
    const now = this.#clock.now() + 1;
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#pop();
      if (this.#times.get(first.key) !== first.at) continue;
      this.#times.delete(first.key);
      this.#due(first.key);
    }
    this.#arm();
  }

  #rebuild(): void {
    const entries = [...this.#times].map(([key, at]) => ({ at, key }));
    this.#heap = entries.sort((a, b) => a.at - b.at);
  }

  #push(entry: Entry<K>): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Entry<K>;
      if (above.at <= entry.at) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Entry<K>).at < (heap[child] as Entry<K>).at) child += 1;
      const below = heap[child] as Entry<K>;
      if (below.at >= last.at) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}
