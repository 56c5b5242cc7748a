/**
 * What one stream of a session says, over whichever connection carries it at the moment; a client whose connection
 * broke comes back with the id of the last event that it has seen. Must not know what is said.
 */
import type { EventStream } from '../../http/event-stream.ts';
import type { EventPosition, Replay } from './replay.ts';

/** How long a client waits before it comes back, in milliseconds. */
const RETRY_MS = 1_000;

export class Outbox {
  readonly #number: number;
  readonly #replay: Replay;
  readonly #ended: () => void;
  #carrier: EventStream | undefined;

  constructor(number: number, replay: Replay, ended: () => void) {
    this.#number = number;
    this.#replay = replay;
    this.#ended = ended;
  }

  /** `carrier` carries from now on; with `primed` the client learns at once how to come back. */
  attach(carrier: EventStream, { primed, after }: { readonly primed: boolean; readonly after?: EventPosition }): void {
    this.#carrier?.end();
    this.#carrier = carrier;
    if (primed) carrier.prime(this.#replay.position(this.#number), RETRY_MS);
    if (after) for (const { id, text } of this.#replay.after(after)) carrier.send(text, id);
  }

  send(text: string): void {
    const id = this.#replay.add(this.#number, text);
    this.#carrier?.send(text, id);
  }

  /** Ends the connection, not the stream. */
  detach(): void {
    this.#carrier?.end();
    this.#carrier = undefined;
  }

  /** Nothing more will be said. */
  end(): void {
    this.detach();
    this.#ended();
  }
}
