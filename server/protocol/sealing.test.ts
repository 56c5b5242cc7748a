/**
 * Sealed and signed texts in the hands of somebody who changes them, and keys that change under way.
 */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createLog } from '../telemetry/log.ts';
import { openSealer, type Sealer } from './sealing.ts';

const log = createLog({ level: 'silent', destination: 'stderr' });
const value = { user: 'ada', step: 2, text: 'ünïcode' };
const MINUTE = 60_000;

let time: number;
let clock: number;
let folder: string;
const open = (keysDirectory?: string): Sealer =>
  openSealer({ keysDirectory, log, now: () => new Date(time), monotonic: () => clock });
const key = (name: string, fill: string): Promise<void> => writeFile(join(folder, name), fill.repeat(32));

beforeEach(async () => {
  time = 1_000_000;
  clock = 0;
  folder = await mkdtemp(join(tmpdir(), 'sealing-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('a sealed value', () => {
  test('comes back whole, and its text shows nothing of it', () => {
    const sealer = open();
    const text = sealer.seal('state', value, { ttlMs: MINUTE, bind: 'ada' });
    expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(Buffer.from(text, 'base64url').toString('latin1')).not.toContain('ada');
    expect(sealer.open('state', text, 'ada')).toEqual(value);
    expect(sealer.seal('state', value, { ttlMs: MINUTE, bind: 'ada' })).not.toBe(text);
  });

  test('is refused with any one character changed, cut, added or spelt otherwise', () => {
    const sealer = open();
    const text = sealer.seal('state', value, { ttlMs: MINUTE, bind: 'ada' });
    for (let i = 0; i < text.length; i += 1) {
      const other = text[i] === 'A' ? 'B' : 'A';
      expect(
        sealer.open('state', text.slice(0, i) + other + text.slice(i + 1), 'ada'),
        `character ${i}`,
      ).toBeUndefined();
      expect(sealer.open('state', text.slice(0, i), 'ada'), `cut at ${i}`).toBeUndefined();
    }
    for (const strange of [`${text}A`, `${text}=`, ` ${text}`, '', 'AAAA', 'x'.repeat(100_000)])
      expect(sealer.open('state', strange, 'ada')).toBeUndefined();
  });

  test('is refused for another purpose, for another bind, and by another process without the key', () => {
    const sealer = open();
    const text = sealer.seal('state', value, { ttlMs: MINUTE, bind: 'ada' });
    expect(sealer.open('task', text, 'ada')).toBeUndefined();
    expect(sealer.open('state', text, 'bob')).toBeUndefined();
    expect(sealer.open('state', text, '')).toBeUndefined();
    expect(open().open('state', text, 'ada')).toBeUndefined();
  });

  test('is refused when its time has passed, and not before', () => {
    const sealer = open();
    const text = sealer.seal('state', value, { ttlMs: MINUTE, bind: '' });
    time += MINUTE - 1;
    expect(sealer.open('state', text, '')).toEqual(value);
    time += 1;
    expect(sealer.open('state', text, '')).toBeUndefined();
  });
});

test('a mark is good for its text and purpose only', () => {
  const sealer = open();
  const mark = sealer.sign('session', 'abc');
  expect(sealer.verify('session', 'abc', mark)).toBe(true);
  expect(sealer.verify('session', 'abd', mark)).toBe(false);
  expect(sealer.verify('other', 'abc', mark)).toBe(false);
  const changed = mark.replace(/^./, (c) => (c === 'A' ? 'B' : 'A'));
  for (const wrong of ['', 'A', mark.slice(1), `${mark}A`, changed, '!!!', 'x'.repeat(100_000)])
    expect(sealer.verify('session', 'abc', wrong)).toBe(false);
  for (let i = 1; i < mark.length; i += 1)
    expect(sealer.verify('session', 'abc', mark.slice(0, i)), `cut at ${i}`).toBe(false);
  expect(open().verify('session', 'abc', mark)).toBe(false);
});

describe('keys from a folder', () => {
  test('are shared by all who read it', async () => {
    await key('sealing.key', 'a');
    const text = open(folder).seal('state', value, { ttlMs: MINUTE, bind: 'ada' });
    expect(open(folder).open('state', text, 'ada')).toEqual(value);
    expect(open(folder).verify('session', 'x', open(folder).sign('session', 'x'))).toBe(true);
  });

  test('change under way: the previous one still opens, the one before that no more', async () => {
    await key('sealing.key', 'a');
    const sealer = open(folder);
    const first = sealer.seal('state', value, { ttlMs: MINUTE, bind: '' });
    const mark = sealer.sign('session', 'x');

    // As the kubelet does it: all files change at once, by renaming.
    const change = async (current: string, previous: string): Promise<void> => {
      await key('new', current);
      await key('sealing-previous.key', previous);
      await rename(join(folder, 'new'), join(folder, 'sealing.key'));
      clock += 5_000;
    };
    await change('b', 'a');
    const second = sealer.seal('state', value, { ttlMs: MINUTE, bind: '' });
    expect(sealer.open('state', first, '')).toEqual(value);
    expect(sealer.verify('session', 'x', mark)).toBe(true);
    expect(second.slice(0, 8)).not.toBe(first.slice(0, 8));

    await change('c', 'b');
    expect(sealer.open('state', first, '')).toBeUndefined();
    expect(sealer.verify('session', 'x', mark)).toBe(false);
    expect(sealer.open('state', second, '')).toEqual(value);
  });

  test('that vanish later leave the ones read before in use', async () => {
    await key('sealing.key', 'a');
    const sealer = open(folder);
    const text = sealer.seal('state', value, { ttlMs: MINUTE, bind: '' });
    await rm(join(folder, 'sealing.key'));
    clock += 5_000;
    expect(sealer.open('state', text, '')).toEqual(value);
  });

  test('that are missing or too short stop the start with a sentence', async () => {
    expect(() => open(folder)).toThrow(/sealing\.key is missing: put 32 random bytes there/);
    await writeFile(join(folder, 'sealing.key'), 'short');
    expect(() => open(folder)).toThrow(/sealing\.key is too short: a key has at least 32 bytes/);
  });
});
