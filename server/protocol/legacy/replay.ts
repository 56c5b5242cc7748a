/**
 * The last events of one session's streams, for clients whose connection broke: bounded in number and in characters,
 * oldest forgotten first. All sessions together have a bound too, because one answer may be large and sessions live
 * long. Must not know what an event says.
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
/** Of all replays of a server. */
const MAX_ALL_CHARACTERS = 16 * 1024 * 1024;

/** What several replays may keep together: the one that has added nothing for longest forgets first. */
export class ReplayRoom {
  readonly #max: number;
  /** In the order in which they last added anything. */
  readonly #replays = new Set<Replay>();
  #characters = 0;

  constructor(maxCharacters = MAX_ALL_CHARACTERS) {
    this.#max = maxCharacters;
  }

  /** `replay` keeps so many characters more than before, and perhaps forgets them at once. */
  grown(replay: Replay, characters: number): void {
    this.#characters += characters;
    this.#replays.delete(replay);
    this.#replays.add(replay);
    for (const oldest of this.#replays) {
      if (this.#characters <= this.#max) return;
      this.empty(oldest);
    }
  }

  empty(replay: Replay): void {
    if (this.#replays.delete(replay)) this.#characters -= replay.forget();
  }
}

export class Replay {
  readonly #room: ReplayRoom;
  #kept: Kept[] = [];
  #characters = 0;
  #sequence = 0;
  #closed = false;

  constructor(room: ReplayRoom) {
    this.#room = room;
  }

  /** Keeps the event, however large, until newer ones push it out; gives back its id. */
  add(stream: number, text: string): string {
    this.#sequence += 1;
    const event = { stream, text, sequence: this.#sequence, id: this.position(stream) };
    if (this.#closed) return event.id;
    const before = this.#characters;
    this.#kept.push(event);
    this.#characters += text.length;
    while (this.#kept.length > 1 && (this.#kept.length > MAX_EVENTS || this.#characters > MAX_CHARACTERS))
      this.#characters -= this.#kept.shift()?.text.length ?? 0;
    this.#room.grown(this, this.#characters - before);
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

  /** Keeps nothing of what there was; gives back how many characters that were. */
  forget(): number {
    const characters = this.#characters;
    this.#kept = [];
    this.#characters = 0;
    return characters;
  }

  /** Nobody comes back any more. */
  close(): void {
    this.#closed = true;
    this.#room.empty(this);
  }
}

/** Undefined for what was never an id. */
export function eventPosition(id: string): EventPosition | undefined {
  const [, stream, sequence] = /^(\d{1,12})-(\d{1,12})$/.exec(id) ?? [];
  return stream === undefined ? undefined : { stream: Number(stream), sequence: Number(sequence) };
}
