/**
 * Splits a byte stream into JSON values, one a line, as watch streams carry them. Each line is decoded and parsed once;
 * a line above the limit ends the stream with an error instead of growing without bound.
 */

/** An API object is at most about 3 MB as JSON (etcd takes 1.5 MiB). */
const maxLineBytes = 8 * 1024 * 1024;
const newline = 0x0a;

/** The values of each chunk's complete lines, in batches. A last line without its newline was cut off and is dropped. */
export async function* jsonLines<T>(
  chunks: AsyncIterable<Uint8Array>,
  limit: number = maxLineBytes,
): AsyncGenerator<readonly T[]> {
  let parts: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of chunks) {
    const batch: T[] = [];
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      if (held + at - from > limit) throw new Error(`a line of the stream is longer than ${limit} bytes`);
      const piece = chunk.subarray(from, at);
      const line = held === 0 ? piece : Buffer.concat([...parts, piece]);
      parts = [];
      held = 0;
      from = at + 1;
      if (line.length > 0) batch.push(parse(line) as T);
    }
    if (from < chunk.length) {
      parts.push(chunk.subarray(from));
      held += chunk.length - from;
      if (held > limit) throw new Error(`a line of the stream is longer than ${limit} bytes`);
    }
    if (batch.length > 0) yield batch;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function parse(line: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(line)) as unknown;
  } catch (cause) {
    throw new Error('a line of the stream is not JSON in UTF-8', { cause });
  }
}
