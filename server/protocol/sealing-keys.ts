/**
 * The keys of sealing, as files of a mounted Secret: the current one and, while keys change, the one before. They are
 * read again when the files change, without a timer: whoever uses a key looks now and then. Knows no cryptography.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { ConfigError } from '../config-error.ts';

export interface SealingKey {
  /** Says which key sealed something, and nothing about the key. */
  readonly id: string;
  readonly secret: Buffer;
}

export interface SealingKeys {
  /** The current key first; at least one. */
  valid(): readonly [SealingKey, ...SealingKey[]];
}

export interface SealingKeysOptions {
  /** Holds `sealing.key` and perhaps `sealing-previous.key`; without it a random key of this process is used. */
  readonly keysDirectory?: string | undefined;
  readonly log: Logger;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonic: () => number;
}

const CURRENT = 'sealing.key';
const PREVIOUS = 'sealing-previous.key';
const MIN_BYTES = 32;
const LOOK_AGAIN_MS = 5_000;

/** Throws ConfigError where the folder has no usable current key. Later trouble is logged, and the old keys stay. */
export function openSealingKeys({ keysDirectory, log, monotonic }: SealingKeysOptions): SealingKeys {
  if (keysDirectory === undefined) {
    const own = [sealingKey(randomBytes(MIN_BYTES))] as const;
    return { valid: () => own };
  }
  let keys = read(keysDirectory);
  let looked = monotonic();
  return {
    valid() {
      if (monotonic() - looked < LOOK_AGAIN_MS) return keys;
      looked = monotonic();
      try {
        const found = read(keysDirectory);
        if (found.map(({ id }) => id).join() === keys.map(({ id }) => id).join()) return keys;
        keys = found;
        log.info({ keys: found.length }, 'sealing keys have changed');
      } catch (error) {
        log.error({ error }, 'sealing keys cannot be read again; the ones read before stay in use');
      }
      return keys;
    },
  };
}

function read(directory: string): readonly [SealingKey, ...SealingKey[]] {
  const current = readKey(directory, CURRENT);
  if (current === undefined)
    throw new ConfigError(`${join(directory, CURRENT)} is missing: put ${MIN_BYTES} random bytes there`);
  const previous = readKey(directory, PREVIOUS);
  return previous === undefined || previous.id === current.id ? [current] : [current, previous];
}

function readKey(directory: string, name: string): SealingKey | undefined {
  const file = join(directory, name);
  let secret: Buffer;
  try {
    secret = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (secret.length < MIN_BYTES) throw new ConfigError(`${file} is too short: a key has at least ${MIN_BYTES} bytes`);
  return sealingKey(secret);
}

const sealingKey = (secret: Buffer): SealingKey => ({
  id: createHash('sha256').update('mcp-fleet key id\0').update(secret).digest('base64url').slice(0, 8),
  secret,
});
