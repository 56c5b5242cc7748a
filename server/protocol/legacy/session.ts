/**
 * One session over HTTP: a conversation with its streams, which outlive the connections that carry them. Bound to the
 * caller who opened it. Must not know other sessions.
 */
import type { ServerResponse } from 'node:http';
import type { ServerEvent } from '../../events/event.ts';
import { type EventStream, openEventStream } from '../../http/event-stream.ts';
import type { TimerWheel } from '../../http/timer-wheel.ts';
import { Outbox } from './outbox.ts';
import type { Peer } from './peer.ts';
import { type EventPosition, Replay, type ReplayRoom } from './replay.ts';
import { hasPriming } from './revisions.ts';

export interface SessionOptions {
  readonly id: string;
  /** Of the only caller who may use it. */
  readonly callerId: string;
  readonly peer: Peer;
  readonly wheel: TimerWheel;
  /** Of all sessions, for what their clients may come back to. */
  readonly room: ReplayRoom;
}

/** The stream for what belongs to no request, which clients open with GET. */
const GENERAL = 0;

export class Session {
  readonly id: string;
  readonly callerId: string;
  readonly peer: Peer;
  /** Milliseconds of a clock that never goes back. */
  lastUsed = 0;
  readonly #wheel: TimerWheel;
  readonly #replay: Replay;
  readonly #outboxes = new Map<number, Outbox>();
  #listener: EventStream | undefined;
  #next = GENERAL + 1;

  constructor({ id, callerId, peer, wheel, room }: SessionOptions) {
    this.id = id;
    this.callerId = callerId;
    this.peer = peer;
    this.#wheel = wheel;
    this.#replay = new Replay(room);
  }

  /** Nobody waits for an answer or listens. */
  get idle(): boolean {
    return !this.peer.busy && (this.#listener?.closed ?? true);
  }

  /** Streams begin with what a client needs to come back to them. */
  get canReturn(): boolean {
    return hasPriming(this.peer.revision);
  }

  /** Makes the answer to a POST a stream. */
  openOutbox(response: ServerResponse): Outbox {
    const outbox = this.#outbox(this.#next);
    this.#next += 1;
    outbox.attach(this.#carrier(response), { primed: this.canReturn });
    return outbox;
  }

  /** Answers GET: what comes unasked, from now on. A second listener takes the place of the first. */
  listen(response: ServerResponse): void {
    this.#listener = this.#carrier(response);
    (this.#outboxes.get(GENERAL) ?? this.#outbox(GENERAL)).attach(this.#listener, { primed: this.canReturn });
  }

  /** Answers GET of a client that has lost a connection: what it has missed of that stream, and what still comes. */
  resume(response: ServerResponse, after: EventPosition): void {
    const carrier = this.#carrier(response);
    const known = this.#outboxes.get(after.stream);
    const outbox = known ?? new Outbox(after.stream, this.#replay, () => undefined);
    if (after.stream === GENERAL) this.#listener = carrier;
    outbox.attach(carrier, { primed: false, after });
    if (!known) outbox.end();
  }

  tell(event: ServerEvent): void {
    const general = this.#outboxes.get(GENERAL);
    if (general) for (const notice of this.peer.noticesOf(event)) general.send(notice);
  }

  close(): void {
    this.peer.close('The session has ended.');
    for (const outbox of this.#outboxes.values()) outbox.end();
    this.#replay.close();
  }

  #carrier(response: ServerResponse): EventStream {
    return openEventStream(response, { wheel: this.#wheel });
  }

  #outbox(number: number): Outbox {
    const outbox = new Outbox(number, this.#replay, () => this.#outboxes.delete(number));
    this.#outboxes.set(number, outbox);
    return outbox;
  }
}
