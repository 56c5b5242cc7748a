import { describe, expect, test } from 'vitest';
import { gguf } from './gguf.ts';
import { contextLength, sentence, tinyModel } from './tiny-model.ts';

/** Reads what llama.cpp reads, written from the description of the format and not from the writer. */
function parse(file: Buffer) {
  let at = 0;
  const u32 = () => file.readUInt32LE((at += 4) - 4);
  const u64 = () => Number(file.readBigUInt64LE((at += 8) - 8));
  const string = () => {
    const size = u64();
    at += size;
    return file.toString('utf8', at - size, at);
  };
  const value = (type: number): unknown => {
    if (type === 4) return u32();
    if (type === 5) return file.readInt32LE((at += 4) - 4);
    if (type === 6) return file.readFloatLE((at += 4) - 4);
    if (type === 7) return file[at++] === 1;
    if (type === 8) return string();
    if (type !== 9) throw new Error(`value type ${type}`);
    const [element, count] = [u32(), u64()];
    return Array.from({ length: count }, () => value(element));
  };
  const magic = file.toString('latin1', 0, (at = 4));
  const version = u32();
  const [tensorCount, entryCount] = [u64(), u64()];
  const metadata = Object.fromEntries(Array.from({ length: entryCount }, () => [string(), value(u32())]));
  const tensors = Array.from({ length: tensorCount }, () => ({
    name: string(),
    shape: Array.from({ length: u32() }, u64),
    type: u32(),
    offset: u64(),
  }));
  return { magic, version, metadata, tensors, data: Math.ceil(at / 32) * 32 };
}

describe('gguf', () => {
  test('writes header, metadata and tensors where the format wants them', () => {
    const file = gguf(
      { a: { string: 'Ä' }, b: { float32: 0.5 }, c: { bool: true }, d: { strings: ['x', ''] }, e: { int32s: [-1] } },
      [
        { name: 'first', shape: [3], data: Float32Array.of(1, 2, 3) },
        { name: 'second', shape: [2, 1], data: Float32Array.of(4, 5) },
      ],
    );
    const { magic, version, metadata, tensors, data } = parse(file);
    expect({ magic, version }).toEqual({ magic: 'GGUF', version: 3 });
    expect(metadata).toEqual({ a: 'Ä', b: 0.5, c: true, d: ['x', ''], e: [-1] });
    expect(tensors).toEqual([
      { name: 'first', shape: [3], type: 0, offset: 0 },
      { name: 'second', shape: [2, 1], type: 0, offset: 32 },
    ]);
    expect([0, 4, 8, 32, 36].map((offset) => file.readFloatLE(data + offset))).toEqual([1, 2, 3, 4, 5]);
    expect(file.length).toBe(data + 64);
  });

  test('refuses a tensor whose shape does not fit its numbers', () => {
    expect(() => gguf({}, [{ name: 't', shape: [2, 2], data: new Float32Array(3) }])).toThrow(
      't has 3 numbers, its shape says 4',
    );
  });
});

describe('the tiny model', () => {
  test('is the same file each time and stays small', () => {
    const file = tinyModel();
    expect(tinyModel().equals(file)).toBe(true);
    expect(file.length).toBeLessThan(1 << 20);
  });

  test('has tensors that agree with its metadata, and one token for each byte', () => {
    const file = tinyModel();
    const { metadata, tensors, data } = parse(file);
    const width = metadata['llama.embedding_length'] as number;
    const tokens = metadata['tokenizer.ggml.tokens'] as string[];
    expect(metadata['llama.context_length']).toBe(contextLength);
    expect(tokens.filter((token) => /^<0x[0-9A-F]{2}>$/.test(token))).toHaveLength(256);
    expect(tokens).toEqual(
      expect.arrayContaining(
        sentence
          .split(' ')
          .slice(1)
          .map((word) => `▁${word}`),
      ),
    );
    expect((metadata['tokenizer.ggml.token_type'] as number[]).length).toBe(tokens.length);
    const shapes = Object.fromEntries(tensors.map(({ name, shape }) => [name, shape]));
    expect(shapes).toMatchObject({
      'token_embd.weight': [width, tokens.length],
      'output.weight': [width, tokens.length],
      'blk.0.attn_q.weight': [width, metadata['llama.attention.key_length']],
      'blk.0.ffn_down.weight': [metadata['llama.feed_forward_length'], width],
    });
    const last = tensors.at(-1) as (typeof tensors)[number];
    expect(file.length).toBe(data + last.offset + 4 * last.shape.reduce((product, size) => product * size, 1));
  });
});
