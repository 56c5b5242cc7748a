/** What is kept of streams for clients that come back. */
import { expect, test } from 'vitest';
import { Replay, ReplayRoom } from './replay.ts';

const textsOf = (replay: Replay, stream = 1): string[] =>
  replay.after({ stream, sequence: 0 }).map(({ text }) => text.slice(0, 8));

test('a replay keeps the last events, so many and of so many characters', () => {
  const replay = new Replay(new ReplayRoom());
  for (let n = 0; n < 200; n += 1) replay.add(1, `${n}`);
  expect(textsOf(replay)).toEqual(Array.from({ length: 128 }, (_, n) => `${n + 72}`));
  replay.add(2, 'other');
  replay.add(1, 'a'.repeat(128 * 1024));
  expect(textsOf(replay)).toEqual(['aaaaaaaa']);
  replay.add(1, 'b');
  expect(textsOf(replay)).toEqual(['b']);
});

test('of all replays the one that has added nothing for longest forgets first', () => {
  const room = new ReplayRoom(100);
  const [first, second, third] = [new Replay(room), new Replay(room), new Replay(room)];
  first.add(1, 'a'.repeat(40));
  second.add(1, 'b'.repeat(40));
  first.add(1, 'c');
  third.add(1, 'd'.repeat(40));
  expect([first, second, third].map((replay) => textsOf(replay).length)).toEqual([2, 0, 1]);
  second.add(1, 'e'.repeat(200));
  expect([first, second, third].map((replay) => textsOf(replay).length)).toEqual([0, 0, 0]);
  second.add(1, 'f'.repeat(100));
  expect(textsOf(second)).toEqual(['ffffffff']);
});

test('what a replay has pushed out or has closed with takes no room', () => {
  const room = new ReplayRoom(1_000);
  const busy = new Replay(room);
  const other = new Replay(room);
  other.add(1, 'o'.repeat(100));
  for (let n = 0; n < 10_000; n += 1) busy.add(1, 'xxxxx');
  expect(textsOf(other)).toHaveLength(1);
  busy.close();
  for (let n = 0; n < 100; n += 1) {
    const replay = new Replay(room);
    replay.add(1, 'y'.repeat(900));
    replay.close();
    expect(replay.add(1, 'late')).toBe('1-2');
    expect(textsOf(replay)).toEqual([]);
  }
  expect(textsOf(other)).toHaveLength(1);
});
