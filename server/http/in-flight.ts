/**
 * Requests that are being answered: how many may be at a time, and which there are, so that a stopping server can wait
 * for the last one and can tell busy connections to end with their answer. An answer that stays open as a stream is
 * let go, because nobody waits for its end.
 */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 20;

/** Where a response stands in the list. */
const PLACE = Symbol('place');

type Counted = ServerResponse & { [PLACE]?: number | undefined };

export class InFlight {
  /** Not a Set: V8 keeps the tables that a busy one has grown out of until its next full collection, with all in them. */
  readonly #responses: Counted[] = [];
  readonly #max: number;
  readonly #leave: (this: ServerResponse) => void;
  #began = 0;

  constructor(max: number) {
    this.#max = max;
    const release = (response: ServerResponse): void => this.release(response);
    // One function for all of them; an event calls it with the response as `this`.
    this.#leave = function () {
      release(this);
    };
  }

  get count(): number {
    return this.#responses.length;
  }

  get full(): boolean {
    return this.#responses.length >= this.#max;
  }

  /** Counts until the answer is sent or its connection is gone, or `release`. */
  add(response: ServerResponse): void {
    const counted = response as Counted;
    counted[PLACE] = this.#responses.push(counted) - 1;
    response.on('close', this.#leave);
  }

  release(response: ServerResponse): void {
    const place = (response as Counted)[PLACE];
    if (place === undefined) return;
    (response as Counted)[PLACE] = undefined;
    const last = this.#responses.pop();
    if (last === undefined || last === response) return;
    this.#responses[place] = last;
    last[PLACE] = place;
  }

  /** Any request, whether it counts or not. */
  seen(): void {
    this.#began += 1;
  }

  /**
   * Resolves when no request has come for `quietMs`, at the latest after `limitMs`. A busy process may have requests
   * in its sockets that it has not read yet, and closing such a socket would lose them.
   */
  async quiet(quietMs: number, limitMs: number): Promise<void> {
    const end = performance.now() + limitMs;
    let seen: number;
    do {
      seen = this.#began;
      await sleep(quietMs);
    } while (this.#began !== seen && performance.now() < end);
  }

  /** Resolves when nothing is being answered, at the latest after `limitMs`. */
  async empty(limitMs: number): Promise<void> {
    const end = performance.now() + limitMs;
    while (this.count > 0 && performance.now() < end) await sleep(LOOK_MS);
  }

  /** Makes each answer that has not begun the last one of its connection. */
  closeConnections(): void {
    for (const response of this.#responses) response.shouldKeepAlive = false;
  }
}
