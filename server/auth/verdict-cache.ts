/**
 * Verdicts by a hash of the token, bounded, with nothing to sort: entries that were used since the last turn survive
 * it, the others go. Must not see a token.
 */
export interface VerdictCache<Entry> {
  get(key: string): Entry | undefined;
  set(key: string, entry: Entry): void;
  delete(key: string): void;
  readonly size: number;
}

/** Holds the `capacity` entries used last, and at most twice as many. */
export function createVerdictCache<Entry>(capacity: number): VerdictCache<Entry> {
  let young = new Map<string, Entry>();
  let old = new Map<string, Entry>();
  const set = (key: string, entry: Entry): void => {
    if (young.size >= capacity && !young.has(key)) {
      old = young;
      young = new Map();
    }
    young.set(key, entry);
    old.delete(key);
  };
  return {
    get(key) {
      const entry = young.get(key);
      if (entry !== undefined) return entry;
      const kept = old.get(key);
      if (kept !== undefined) set(key, kept);
      return kept;
    },
    set,
    delete(key) {
      young.delete(key);
      old.delete(key);
    },
    get size() {
      return young.size + old.size;
    },
  };
}
