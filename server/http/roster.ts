/**
 * Who is here, where many come and go. Not a Set: V8 keeps the tables that a busy one has grown out of until its next
 * full collection of garbage, with all that was in them. Knows nothing of its members but that they are objects.
 */

/** Where a member stands in the list. */
const PLACE = Symbol('place');

type Placed<Member> = Member & { [PLACE]?: number | undefined };

/** A member may be in one roster at a time, once. */
export class Roster<Member extends object> {
  readonly #members: Placed<Member>[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** In no order; must not be kept. */
  get members(): readonly Member[] {
    return this.#members;
  }

  add(member: Member): void {
    const placed: Placed<Member> = member;
    placed[PLACE] = this.#members.push(placed) - 1;
  }

  /** Does nothing where the member has left already. */
  delete(member: Member): void {
    const placed: Placed<Member> = member;
    const place = placed[PLACE];
    if (place === undefined) return;
    placed[PLACE] = undefined;
    const last = this.#members.pop();
    if (last === undefined || last === placed) return;
    this.#members[place] = last;
    last[PLACE] = place;
  }
}
