/**
 * What a server gives to a client to keep and gets back later: sealed, so that the client can neither read nor change
 * it, or signed, so that it cannot make one. Each purpose has keys of its own. Must not know what is sealed.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { openSealingKeys, type SealingKey, type SealingKeysOptions } from './sealing-keys.ts';

export interface Sealer {
  /** Only `open` with the same purpose and `bind` gives `value` back, until `ttlMs` have passed. URL-safe text. */
  seal(purpose: string, value: object, options: { readonly ttlMs: number; readonly bind: string }): string;
  /** Undefined for everything that `seal` did not make just so: changed, cut, too old, of another purpose or bind. */
  open(purpose: string, text: string, bind: string): unknown;
  /** A mark that only holders of the keys can make for `text`. */
  sign(purpose: string, text: string): string;
  verify(purpose: string, text: string, mark: string): boolean;
}

export interface SealerOptions extends Omit<SealingKeysOptions, 'monotonic'> {
  /** The time, for what expires. */
  readonly now: () => Date;
  readonly monotonic?: () => number;
}

const CIPHER = 'aes-256-gcm';
const ID_BYTES = 6;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const MARK_BYTES = 16;
/** Of sealed text; a longer one is not looked at. */
const MAX_TEXT = 64 * 1024;
const BASE64URL = /^[A-Za-z0-9_-]+$/;

/** Throws ConfigError where `keysDirectory` holds no usable key. */
export function openSealer({ now, monotonic = () => performance.now(), ...options }: SealerOptions): Sealer {
  const keys = openSealingKeys({ ...options, monotonic });
  const derive = derivation();

  const openWith = (key: SealingKey, purpose: string, sealed: Buffer, bind: string): string | undefined => {
    const iv = sealed.subarray(ID_BYTES, ID_BYTES + IV_BYTES);
    const decipher = createDecipheriv(CIPHER, derive(key, `seal ${purpose}`), iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(bind)).setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      const plain = decipher.update(sealed.subarray(ID_BYTES + IV_BYTES, -TAG_BYTES));
      return Buffer.concat([plain, decipher.final()]).toString();
    } catch {
      return undefined; // GCM's only failure: the text is not what was sealed
    }
  };

  return {
    seal(purpose, value, { ttlMs, bind }) {
      const [key] = keys.valid();
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(CIPHER, derive(key, `seal ${purpose}`), iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(bind));
      const plain = JSON.stringify({ until: now().getTime() + ttlMs, value });
      const parts = [
        Buffer.from(key.id, 'base64url'),
        iv,
        cipher.update(plain, 'utf8'),
        cipher.final(),
        cipher.getAuthTag(),
      ];
      return Buffer.concat(parts).toString('base64url');
    },
    open(purpose, text, bind) {
      if (text.length > MAX_TEXT || !BASE64URL.test(text)) return undefined;
      const sealed = Buffer.from(text, 'base64url');
      // Another spelling of the same bytes is refused too, so that a text stands for one sealing only.
      if (sealed.length <= ID_BYTES + IV_BYTES + TAG_BYTES || sealed.toString('base64url') !== text) return undefined;
      const id = sealed.subarray(0, ID_BYTES).toString('base64url');
      const key = keys.valid().find((candidate) => candidate.id === id);
      const plain = key && openWith(key, purpose, sealed, bind);
      if (plain === undefined) return undefined;
      const { until, value } = JSON.parse(plain) as { until: number; value: unknown };
      return now().getTime() < until ? value : undefined;
    },
    sign: (purpose, text) => mark(derive(keys.valid()[0], `sign ${purpose}`), text).toString('base64url'),
    verify(purpose, text, given) {
      if (!BASE64URL.test(given)) return false;
      const bytes = Buffer.from(given, 'base64url');
      return (
        bytes.length === MARK_BYTES &&
        keys.valid().some((key) => timingSafeEqual(mark(derive(key, `sign ${purpose}`), text), bytes))
      );
    },
  };
}

const mark = (key: Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest().subarray(0, MARK_BYTES);

/** Keys by purpose (HKDF, RFC 5869), each made once. */
function derivation(): (key: SealingKey, purpose: string) => Buffer {
  const made = new WeakMap<SealingKey, Map<string, Buffer>>();
  return (key, purpose) => {
    const ofKey = made.get(key) ?? new Map<string, Buffer>();
    made.set(key, ofKey);
    const known = ofKey.get(purpose);
    if (known) return known;
    const derived = Buffer.from(hkdfSync('sha256', key.secret, 'mcp-fleet', purpose, KEY_BYTES));
    ofKey.set(purpose, derived);
    return derived;
  };
}
