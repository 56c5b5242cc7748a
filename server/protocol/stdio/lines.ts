/**
 * Lines of a byte stream, bounded: a line that is too long is thrown away while it comes, so that nobody can fill the
 * memory with one. Must not know what a line says.
 */
import type { Readable } from 'node:stream';

const NEWLINE = 0x0a;

/** Without their ends; empty ones are left out, as is what stands after the last newline. */
export async function* readLines(input: Readable, maxBytes: number): AsyncGenerator<Buffer | 'TooLong'> {
  let parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of input as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      size += end - start;
      parts.push(chunk.subarray(start, end));
      if (size > maxBytes) yield 'TooLong';
      else if (size > 0) yield parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts, size);
      parts = [];
      size = 0;
      start = end + 1;
    }
    size += chunk.length - start;
    if (size <= maxBytes) parts.push(chunk.subarray(start));
    else parts = [];
  }
}
