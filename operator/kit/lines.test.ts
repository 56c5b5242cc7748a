import { expect, test } from 'vitest';
import { jsonLines } from './lines.ts';

async function* chunks(...parts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield typeof part === 'string' ? Buffer.from(part) : part;
}

async function read(source: AsyncIterable<Uint8Array>, limit?: number): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const batch of jsonLines(source, limit)) values.push(...batch);
  return values;
}

test('lines are put together over chunk borders, also within a character', async () => {
  const text = Buffer.from('{"a":"é"}\n\n{"b":1}\n');
  for (let cut = 0; cut <= text.length; cut += 1) {
    expect(await read(chunks(text.subarray(0, cut), text.subarray(cut)))).toEqual([{ a: 'é' }, { b: 1 }]);
  }
});

test('a line cut off at the end is dropped', async () => {
  expect(await read(chunks('{"a":1}\n{"b"'))).toEqual([{ a: 1 }]);
});

test('a line above the limit ends the stream, whether complete or not', async () => {
  await expect(read(chunks('"', 'x'.repeat(100), 'x'.repeat(100)), 150)).rejects.toThrow('longer than 150');
  await expect(read(chunks(`"${'x'.repeat(200)}"\n`), 150)).rejects.toThrow('longer than 150');
});

test('what is not JSON or not UTF-8 ends the stream', async () => {
  await expect(read(chunks('{nope}\n'))).rejects.toThrow('not JSON');
  await expect(read(chunks(Buffer.from([0x22, 0xff, 0x22, 0x0a])))).rejects.toThrow('not JSON in UTF-8');
});
