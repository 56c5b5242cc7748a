/**
 * Pages of a list in a fixed order. A cursor is the key of the last item sent, so that a list may change between two
 * pages without an item being shown twice. Knows nothing of what it lists.
 */
import { INVALID_PARAMS, RpcError } from './rpc-error.ts';

export const PAGE_SIZE = 200;

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
}

const byCodePoint = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The items in the order of their keys. */
export function ordered<T>(items: readonly T[], key: (item: T) => string): readonly T[] {
  return [...items].sort((a, b) => byCodePoint(key(a), key(b)));
}

/** One page of `items`, which `ordered` has sorted by the same key. Throws RpcError for a cursor that is not ours. */
export function page<T>(items: readonly T[], key: (item: T) => string, cursor: string | undefined): Page<T> {
  const after = cursor === undefined ? undefined : decoded(cursor);
  const rest = after === undefined ? items : items.filter((item) => byCodePoint(key(item), after) > 0);
  if (rest.length <= PAGE_SIZE) return { items: rest };
  const part = rest.slice(0, PAGE_SIZE);
  const last = part.at(-1);
  return { items: part, ...(last === undefined ? {} : { nextCursor: Buffer.from(key(last)).toString('base64url') }) };
}

/** Pages of a list that does not change: each is made once and is the same object every time. */
export function fixedPages<T>(items: readonly T[], key: (item: T) => string): (cursor: string | undefined) => Page<T> {
  const sorted = ordered(items, key);
  const made = new Map<string | undefined, Page<T>>();
  let cursor: string | undefined;
  do {
    const next: Page<T> = page(sorted, key, cursor);
    made.set(cursor, next);
    cursor = next.nextCursor;
  } while (cursor !== undefined);
  return (asked) => made.get(asked) ?? page(sorted, key, asked);
}

function decoded(cursor: string): string {
  const text = /^[A-Za-z0-9_-]{1,4096}$/.test(cursor) ? Buffer.from(cursor, 'base64url').toString() : '';
  if (text === '') throw new RpcError(INVALID_PARAMS, 'The cursor is not valid. Ask for the list again without one.');
  return text;
}
