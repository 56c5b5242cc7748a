/**
 * An issuer's keys, kept: fetched when first needed, again when they are old or a token names a key that is not there,
 * and used on while the issuer does not answer. Must not know where the keys come from.
 */
import type { Logger } from 'pino';
import type { JoseHeader } from './compact-jws.ts';
import type { FetchedJson } from './fetch-json.ts';
import { type VerificationKey, verificationKey } from './verification-key.ts';

export interface KeySet {
  /** The key for a token; undefined where the issuer has none, or none that is known by now. Throws KeysUnavailable. */
  find(header: JoseHeader): Promise<VerificationKey | undefined>;
  /** Whether the key still counts. Has old keys fetched anew, without waiting for them. */
  holds(key: VerificationKey): boolean;
  /** Begins to fetch the keys, so that the first token need not wait for them. */
  prefetch(): void;
}

export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

export interface KeySetOptions {
  readonly fetch: () => Promise<FetchedJson>;
  readonly log: Logger;
  /** Milliseconds; only differences count. */
  readonly now: () => number;
}

/** Keys are fresh for what the issuer says, within these bounds. */
const FRESH_MS = { least: 5_000, unsaid: 300_000, most: 600_000 } as const;
/** Keys of an issuer that does not answer are used for so long. */
const STALE_MS = 24 * 3_600_000;
/** At the most one fetch in this time because of tokens that name unknown keys. */
const COOLDOWN_MS = 5_000;
const RETRY_MS = { first: 1_000, most: 30_000 } as const;
/** Tokens that wait for a key that is not there yet. Anybody can name such a key, and must not fill up what callers wait in. */
const MAX_WAITING = 50;
const MAX_KEYS = 100;

export function createKeySet({ fetch, log, now }: KeySetOptions): KeySet {
  let keys: ReadonlyMap<string, VerificationKey> = new Map();
  let fetchedAt = -Infinity;
  let freshMs = 0;
  let attemptedAt = -Infinity;
  let failures = 0;
  let fetching: Promise<void> | undefined;
  let waiting = 0;

  const attempt = async (): Promise<void> => {
    attemptedAt = now();
    try {
      const { value, maxAgeMs = FRESH_MS.unsaid } = await fetch();
      const next = keysOf(value);
      // The same object for the same key, so that verdicts which rest on it stand.
      keys = new Map([...next].map(([identity, key]) => [identity, keys.get(identity) ?? key]));
      fetchedAt = now();
      freshMs = Math.min(Math.max(maxAgeMs, FRESH_MS.least), FRESH_MS.most);
      failures = 0;
    } catch (error) {
      failures += 1;
      log.warn({ error, failures, keysInUse: keys.size }, 'the keys of the token issuer cannot be fetched');
    }
  };
  const refresh = (): Promise<void> => (fetching ??= attempt().finally(() => (fetching = undefined)));
  const mayRetry = (time: number): boolean =>
    elapsed(attemptedAt, time) >= (failures === 0 ? 0 : Math.min(RETRY_MS.first * 2 ** (failures - 1), RETRY_MS.most));
  const refreshIfOld = (time: number): void => {
    if (elapsed(fetchedAt, time) >= freshMs && fetching === undefined && mayRetry(time)) void refresh();
  };
  const usable = (time: number): boolean => elapsed(fetchedAt, time) < STALE_MS;
  const match = (header: JoseHeader): VerificationKey | undefined => {
    const fitting = [...keys.values()].filter((key) => key.fits(header));
    // Without a key id only one key can be meant; trying them all would be work for a stranger.
    return fitting.length === 1 || header.kid !== undefined ? fitting[0] : undefined;
  };
  return {
    async find(header) {
      if (!usable(now()) && (fetching !== undefined || mayRetry(now()))) await refresh();
      const time = now();
      if (!usable(time)) throw new KeysUnavailable('there are no keys of the token issuer');
      refreshIfOld(time);
      const known = match(header);
      if (known !== undefined || header.kid === undefined) return known;
      if (fetching === undefined && (elapsed(attemptedAt, time) < COOLDOWN_MS || !mayRetry(time))) return undefined;
      if (waiting >= MAX_WAITING) return undefined;
      waiting += 1;
      await refresh().finally(() => (waiting -= 1));
      return match(header);
    },
    holds(key) {
      const time = now();
      refreshIfOld(time);
      return usable(time) && keys.get(key.identity) === key;
    },
    prefetch: () => refreshIfOld(now()),
  };
}

/** A clock that went back tells nothing of what was before. */
const elapsed = (since: number, time: number): number => (time < since ? Infinity : time - since);

function keysOf(document: unknown): Map<string, VerificationKey> {
  const { keys } = Object(document) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('the answer is no key set');
  if (keys.length > MAX_KEYS) throw new Error(`the key set holds more than ${MAX_KEYS} keys`);
  const usable = keys.map(verificationKey).filter((key) => key !== undefined);
  return new Map(usable.map((key) => [key.identity, key]));
}
