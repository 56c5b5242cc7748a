/**
 * The sessions of this process: bounded in number, ended when nobody has used them for a time, and found only by the
 * caller who opened them. Where all places are taken, the session that has rested longest makes room, if any rests.
 */
import type { ServerEvent } from '../../events/event.ts';
import { inSlices } from '../../http/event-stream.ts';
import type { TimerWheel } from '../../http/timer-wheel.ts';
import type { Session } from './session.ts';

export interface SessionsOptions {
  readonly max: number;
  /** Time without use and without a listener after which a session ends. */
  readonly ttlMs: number;
  readonly wheel: TimerWheel;
  readonly monotonic: () => number;
  readonly changed: (count: number) => void;
}

/** A session that was used more recently does not make room for another. */
const RESTED_MS = 10_000;

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #byId = new Map<string, Session>();
  readonly #stopSweep: () => void;
  #closed = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#stopSweep = options.wheel.add(() => this.#sweep());
  }

  get count(): number {
    return this.#byId.size;
  }

  /** False where there is no room. */
  add(session: Session): boolean {
    if (this.#closed || (this.#byId.size >= this.#options.max && !this.#makeRoom())) return false;
    session.lastUsed = this.#options.monotonic();
    this.#byId.set(session.id, session);
    this.#options.changed(this.#byId.size);
    return true;
  }

  /** Undefined also for another caller's session: who does not own it learns nothing of it. */
  find(id: string, callerId: string): Session | undefined {
    const session = this.#byId.get(id);
    if (session?.callerId !== callerId) return undefined;
    session.lastUsed = this.#options.monotonic();
    return session;
  }

  end(session: Session): void {
    if (!this.#byId.delete(session.id)) return;
    session.close();
    this.#options.changed(this.#byId.size);
  }

  tell(event: ServerEvent): Promise<void> {
    return inSlices(this.#byId.values(), (session) => session.tell(event));
  }

  /** Ends all, some at a time, so that their clients do not come back all at once. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopSweep();
    await inSlices(this.#byId.values(), (session) => this.end(session));
  }

  #sweep(): void {
    const { monotonic, ttlMs } = this.#options;
    const now = monotonic();
    for (const session of this.#byId.values()) {
      if (!session.idle) session.lastUsed = now;
      else if (now - session.lastUsed >= ttlMs) this.end(session);
    }
  }

  #makeRoom(): boolean {
    const before = this.#options.monotonic() - RESTED_MS;
    let oldest: Session | undefined;
    for (const session of this.#byId.values())
      if (session.idle && session.lastUsed <= before && session.lastUsed < (oldest?.lastUsed ?? Infinity))
        oldest = session;
    if (oldest) this.end(oldest);
    return oldest !== undefined;
  }
}
