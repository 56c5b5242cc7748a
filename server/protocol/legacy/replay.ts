/**
 * The last events of one session's streams, for clients whose connection broke: bounded in number and in characters,
 * oldest forgotten first. Must not know what an event says.
 */
export interface ReplayEvent {
  readonly id: string;
  readonly text: string;
}

export interface EventPosition {
  readonly stream: number;
  readonly sequence: number;
}

interface Kept extends ReplayEvent, EventPosition {}

/** Below what an event stream buffers for its reader, so that a replay in one go never cuts its own connection. */
const MAX_CHARACTERS = 128 * 1024;
const MAX_EVENTS = 128;

export class Replay {
  #kept: Kept[] = [];
  #characters = 0;
  #sequence = 0;

  /** Keeps the event, however large, until newer ones push it out; gives back its id. */
  add(stream: number, text: string): string {
    this.#sequence += 1;
    const event = { stream, text, sequence: this.#sequence, id: this.position(stream) };
    this.#kept.push(event);
    this.#characters += text.length;
    while (this.#kept.length > 1 && (this.#kept.length > MAX_EVENTS || this.#characters > MAX_CHARACTERS))
      this.#characters -= this.#kept.shift()?.text.length ?? 0;
    return event.id;
  }

  /** An id for the present end of a stream: what is added from now on comes after it. */
  position(stream: number): string {
    return `${stream}-${this.#sequence}`;
  }

  /** What `stream` said after the event with that sequence number. */
  after({ stream, sequence }: EventPosition): readonly ReplayEvent[] {
    return this.#kept.filter((event) => event.stream === stream && event.sequence > sequence);
  }
}

/** Undefined for what was never an id. */
export function eventPosition(id: string): EventPosition | undefined {
  const [, stream, sequence] = /^(\d{1,12})-(\d{1,12})$/.exec(id) ?? [];
  return stream === undefined ? undefined : { stream: Number(stream), sequence: Number(sequence) };
}
