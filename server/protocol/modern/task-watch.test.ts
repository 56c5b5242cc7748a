import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createTestLine } from './line.testing.ts';
import { TaskWatch } from './task-watch.ts';

test('a store that cannot be read is asked again', async () => {
  const { line, sent } = createTestLine();
  let asked = 0;
  let works = false;
  const watch = new TaskWatch({
    line,
    ids: ['one'],
    retryMs: 5,
    read: async (id) => {
      asked += 1;
      if (!works) throw new Error('the store does not answer');
      return `state of ${id}`;
    },
  });
  watch.note(['one']);
  await expect.poll(() => asked).toBeGreaterThan(2);
  expect(sent).toEqual([]);
  works = true;
  await expect.poll(() => sent).toEqual(['state of one']);
});

test('a store that cannot be read is not asked for a client that has left', async () => {
  const { line } = createTestLine();
  let asked = 0;
  const read = (): Promise<string> => Promise.reject(new Error(`the store does not answer: ${(asked += 1)}`));
  const watch = new TaskWatch({ line, ids: ['one'], retryMs: 5, read });
  watch.note(['one']);
  line.end();
  await sleep(50);
  expect(asked).toBe(1);
});

test('a task that changes while its client reads is told once, as it is then', async () => {
  const { line, sent, drain } = createTestLine({ reads: false });
  let state = 'first';
  const watch = new TaskWatch({ line, ids: ['one'], read: async () => state });
  watch.note(['one']);
  await expect.poll(() => sent).toEqual(['first']);
  for (state of ['second', 'third']) watch.note(['one']);
  drain();
  await expect.poll(() => sent).toEqual(['first', 'third']);
});
