/**
 * Requests that are being answered: how many may be at a time, and which there are, so that a stopping server can wait
 * for the last one and can tell busy connections to end with their answer. An answer that stays open as a stream is
 * let go, because nobody waits for its end.
 */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Roster } from './roster.ts';

const LOOK_MS = 20;

export class InFlight {
  readonly #responses = new Roster<ServerResponse>();
  readonly #max: number;
  readonly #leave: (this: ServerResponse) => void;
  /** What answers count for beside one each. */
  readonly #more = new WeakMap<ServerResponse, number>();
  #sumOfMore = 0;
  #began = 0;

  constructor(max: number) {
    this.#max = max;
    const release = (response: ServerResponse): void => this.release(response);
    // One function for all of them; an event calls it with the response as `this`.
    this.#leave = function () {
      release(this);
    };
  }

  /** In no order; must not be kept. */
  get responses(): readonly ServerResponse[] {
    return this.#responses.members;
  }

  get count(): number {
    return this.#responses.size + this.#sumOfMore;
  }

  get max(): number {
    return this.#max;
  }

  get full(): boolean {
    return this.count >= this.#max;
  }

  /** Counts until the answer is sent or its connection is gone, or `release`. */
  add(response: ServerResponse): void {
    this.#responses.add(response);
    response.on('close', this.#leave);
  }

  /** Counts it for so many, while it counts at all; false, and nothing done, where there is no room for them. */
  weigh(response: ServerResponse, weight: number): boolean {
    const more = weight - 1;
    if (this.count + more > this.#max) return false;
    this.#more.set(response, more);
    this.#sumOfMore += more;
    return true;
  }

  /** Counts on after its connection has gone, until the work has ended too. */
  until(response: ServerResponse, work: Promise<unknown>): void {
    response.off('close', this.#leave);
    let left = 2;
    const leave = (): void => {
      left -= 1;
      if (left === 0) this.release(response);
    };
    response.on('close', leave);
    work.then(leave, leave);
  }

  release(response: ServerResponse): void {
    this.#responses.delete(response);
    if (this.#sumOfMore === 0) return;
    this.#sumOfMore -= this.#more.get(response) ?? 0;
    this.#more.delete(response);
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
    for (const response of this.#responses.members) response.shouldKeepAlive = false;
  }
}
