import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { readLines } from './lines.ts';

const lines = async (chunks: Iterable<Buffer>, maxBytes: number): Promise<string[]> => {
  const read: string[] = [];
  for await (const line of readLines(Readable.from(chunks), maxBytes)) read.push(line.toString());
  return read;
};
const buffers = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

test('lines come whole, however their bytes arrive', async () => {
  expect(await lines(buffers('a', 'b\nc\n\n', '\nde', 'f', 'g\nnot ended'), 10)).toEqual(['ab', 'c', 'defg']);
});

test('a line of the greatest length comes, and one byte more is too long', async () => {
  expect(await lines(buffers('1234\n12345\n', '123', '45', '6\nok\n'), 4)).toEqual([
    '1234',
    'TooLong',
    'TooLong',
    'ok',
  ]);
});

test('a line without end fills no memory', async () => {
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  function* endless(): Generator<Buffer> {
    for (let i = 0; i < 2_000; i += 1) {
      if (i % 100 === 0) most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      yield Buffer.alloc(256 * 1024);
    }
    yield Buffer.from('\n');
  }
  expect(await lines(endless(), 1024)).toEqual(['TooLong']);
  expect(most).toBeLessThan(256 * 1024 * 1024);
});
