/**
 * How many may listen at a time, and whose they are: where callers are known, one of them cannot take all. Anonymous
 * callers are one, and alone at their server. Must not know what anybody listens for.
 */
import type { Caller } from '../../toolsets/call.ts';

/** Of all places: kept for callers who hold few. */
const KEPT = 0.1;
/** Of all places: whoever holds more gets none of those that are kept. */
const MUCH = 0.5;

export class Places {
  readonly #most: number;
  /** Places by id of the caller. */
  readonly #held = new Map<string, number>();
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Why this caller gets none now. */
  refusal({ id, scopes }: Caller): string | undefined {
    const most = this.#most;
    if (this.#taken >= most) return 'Subscription limit reached. Try again later.';
    const isNearlyFull = this.#taken >= most - Math.ceil(most * KEPT);
    if (scopes && isNearlyFull && (this.#held.get(id) ?? 0) > most * MUCH)
      return 'Subscription limit reached: you hold more than half of them, and the last ones are for others.';
    return undefined;
  }

  take(callerId: string): void {
    this.#taken += 1;
    this.#held.set(callerId, (this.#held.get(callerId) ?? 0) + 1);
  }

  giveBack(callerId: string): void {
    this.#taken -= 1;
    const left = (this.#held.get(callerId) ?? 0) - 1;
    if (left > 0) this.#held.set(callerId, left);
    else this.#held.delete(callerId);
  }
}
