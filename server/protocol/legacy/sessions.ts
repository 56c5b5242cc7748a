/**
 * The sessions of this process: bounded in number, ended when nobody has used them for a time, and found only by the
 * caller who opened them. Where all places are taken, one of the caller who holds the most makes room, so that nobody
 * can take the places of others by opening many; callers without identity are one.
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
}

/** A session that was used more recently makes no room for those who hold as many. */
const RESTED_MS = 10_000;

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #byId = new Map<string, Session>();
  /** How many a caller has. */
  readonly #held = new Map<string, number>();
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
    if (this.#closed || (this.#byId.size >= this.#options.max && !this.#makeRoom(session.callerId))) return false;
    session.lastUsed = this.#options.monotonic();
    this.#byId.set(session.id, session);
    this.#held.set(session.callerId, this.#heldBy(session.callerId) + 1);
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
    const left = this.#heldBy(session.callerId) - 1;
    if (left > 0) this.#held.set(session.callerId, left);
    else this.#held.delete(session.callerId);
    session.close();
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

  #heldBy(callerId: string): number {
    return this.#held.get(callerId) ?? 0;
  }

  /** Ends the session that has rested longest of those whose caller holds the most. False where none may end. */
  #makeRoom(callerId: string): boolean {
    let chosen: Session | undefined;
    for (const session of this.#byId.values()) {
      if (!this.#mayEnd(session, callerId)) continue;
      const more = chosen ? this.#heldBy(session.callerId) - this.#heldBy(chosen.callerId) : 1;
      if (more > 0 || (more === 0 && session.lastUsed < (chosen?.lastUsed ?? 0))) chosen = session;
    }
    if (chosen) this.end(chosen);
    return chosen !== undefined;
  }

  #mayEnd(session: Session, askerId: string): boolean {
    const more = this.#heldBy(session.callerId) - this.#heldBy(askerId);
    // They have no fewer afterwards. Whether one listens, or says something now and then, does not keep others out.
    if (more >= 2) return !session.peer.busy;
    const isTheirsToSpend = more > 0 || session.callerId === askerId;
    return isTheirsToSpend && session.idle && session.lastUsed <= this.#options.monotonic() - RESTED_MS;
  }
}
