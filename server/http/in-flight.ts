/**
 * Requests that are being answered, so that a stopping server can wait for the last one, and can tell connections
 * that are busy now to end with their answer.
 */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export class InFlight {
  readonly #responses = new Set<ServerResponse>();
  readonly #changed: (count: number) => void;
  #began = 0;

  constructor(changed: (count: number) => void) {
    this.#changed = changed;
  }

  get count(): number {
    return this.#responses.size;
  }

  /** Counts until the answer is sent or its connection is gone. */
  add(response: ServerResponse): void {
    this.#responses.add(response);
    this.#began += 1;
    this.#changed(this.count);
    response.once('close', () => {
      this.#responses.delete(response);
      this.#changed(this.count);
    });
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

  /** Makes each answer that has not begun the last one of its connection. */
  closeConnections(): void {
    for (const response of this.#responses) if (!response.headersSent) response.setHeader('connection', 'close');
  }
}
