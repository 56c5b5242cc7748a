/**
 * Writes GGUF, the file format in which llama.cpp reads a model: a header, typed metadata, a table of tensors, then their
 * numbers. Version 3, little endian, 32-bit floats only. Knows the format and nothing of any model.
 * The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */

/** A metadata value; the format wants its exact type. */
export type Value =
  | { readonly uint32: number }
  | { readonly float32: number }
  | { readonly bool: boolean }
  | { readonly string: string }
  | { readonly strings: readonly string[] }
  | { readonly float32s: readonly number[] }
  | { readonly int32s: readonly number[] };

export interface Tensor {
  readonly name: string;
  /** Fastest axis first: a matrix that takes `a` numbers and gives `b` has the shape [a, b]. */
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const version = 3;
/** Each tensor begins at a multiple of this; the format's default for `general.alignment`. */
const alignment = 32;
const type = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;
const tensorTypeFloat32 = 0;

/** The file's bytes. Throws when a tensor has another number of values than its shape says. */
export function gguf(metadata: Readonly<Record<string, Value>>, tensors: readonly Tensor[]): Buffer {
  const table: Buffer[] = [];
  const numbers: Buffer[] = [];
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    const count = shape.reduce((product, size) => product * size, 1);
    if (data.length !== count) throw new Error(`${name} has ${data.length} numbers, its shape says ${count}`);
    table.push(text(name), uint32(shape.length), ...shape.map(uint64), uint32(tensorTypeFloat32), uint64(offset));
    const bytes = padded(floats(data));
    numbers.push(bytes);
    offset += bytes.length;
  }
  const entries = Object.entries(metadata);
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    uint32(version),
    uint64(tensors.length),
    uint64(entries.length),
    ...entries.flatMap(([key, value]) => [text(key), typed(value)]),
    ...table,
  ]);
  return Buffer.concat([padded(head), ...numbers]);
}

function typed(value: Value): Buffer {
  if ('uint32' in value) return Buffer.concat([uint32(type.uint32), uint32(value.uint32)]);
  if ('float32' in value) return Buffer.concat([uint32(type.float32), floats([value.float32])]);
  if ('bool' in value) return Buffer.concat([uint32(type.bool), Buffer.from([value.bool ? 1 : 0])]);
  if ('string' in value) return Buffer.concat([uint32(type.string), text(value.string)]);
  if ('strings' in value) return array(type.string, value.strings.map(text));
  if ('float32s' in value)
    return array(
      type.float32,
      value.float32s.map((number) => floats([number])),
    );
  return array(type.int32, value.int32s.map(int32));
}

function array(elementType: number, elements: readonly Buffer[]): Buffer {
  return Buffer.concat([uint32(type.array), uint32(elementType), uint64(elements.length), ...elements]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function floats(values: ArrayLike<number>): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (let at = 0; at < values.length; at++) bytes.writeFloatLE(values[at] as number, 4 * at);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

const padded = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((alignment - (bytes.length % alignment)) % alignment)]);
