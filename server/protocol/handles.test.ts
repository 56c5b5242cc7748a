/**
 * What clients hold and give back – sessions, tasks, tokens, sealed states – cannot be guessed: at least 128 bits that
 * nobody chose, and never the same twice.
 */
import { describe, expect, test } from 'vitest';
import { createLog } from '../telemetry/log.ts';
import { mintSessionId } from './legacy/session-id.ts';
import { openSealer } from './sealing.ts';

const COUNT = 20_000;
const log = createLog({ level: 'silent', destination: 'stderr' });
const sealer = openSealer({ now: () => new Date(), log });

const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64url');

/** The part of each handle that is chance, as bytes. */
const handles: Readonly<Record<string, () => Buffer>> = {
  'a session id': () => {
    const [payload = ''] = mintSessionId(sealer, '10.0.0.1:8080').split('.');
    return bytesOf((JSON.parse(bytesOf(payload).toString()) as { id: string }).id);
  },
  'the vector of a sealed state': () =>
    bytesOf(sealer.seal('x', { n: 1 }, { ttlMs: 1_000, bind: 'x' })).subarray(6, 18),
};

describe.each(Object.entries(handles))('%s', (name, make) => {
  const made = Array.from({ length: COUNT }, make);

  test('never comes twice', () => {
    expect(new Set(made.map((bytes) => bytes.toString('hex'))).size).toBe(COUNT);
    // A vector of AES-GCM has 96 bits (NIST SP 800-38D); it must be new, not secret.
    expect(Math.min(...made.map(({ length }) => length))).toBeGreaterThanOrEqual(
      name.startsWith('the vector') ? 12 : 16,
    );
  });

  test('has every bit set about half of the time', () => {
    const bits = (made[0]?.length ?? 0) * 8;
    const counts = Array.from({ length: bits }, (_, bit) =>
      made.reduce((sum, bytes) => sum + (((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1), 0),
    );
    // Six standard deviations: once in some hundred thousand years of running this.
    const tolerance = 6 * Math.sqrt(COUNT / 4);
    expect(Math.max(...counts.map((count) => Math.abs(count - COUNT / 2)))).toBeLessThan(tolerance);
  });
});
