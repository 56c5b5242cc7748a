/**
 * Stack traces of a bundle in terms of its sources, by the maps that lie beside it. Done for what is logged only: Node
 * itself would read every map at the start, which costs time and memory that no error needs yet.
 */
import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { fileURLToPath } from 'node:url';

const POSITION = /(file:\/\/\/[^\s()]+\.m?js):(\d+):(\d+)/g;

const maps = new Map<string, SourceMap | undefined>();

/** Positions without a map stay as they are, and so does everything where Node maps already. */
export function inSourceTerms(stack: string): string {
  if (process.sourceMapsEnabled) return stack;
  return stack.replaceAll(POSITION, (position, url: string, line: string, column: string) => {
    const entry = mapOf(url)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (!entry || !('originalSource' in entry)) return position;
    return `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

/** As many as there are files of the bundle. */
function mapOf(url: string): SourceMap | undefined {
  if (!maps.has(url)) maps.set(url, read(url));
  return maps.get(url);
}

function read(url: string): SourceMap | undefined {
  let text: string;
  try {
    text = readFileSync(`${fileURLToPath(url)}.map`, 'utf8');
  } catch {
    return undefined; // not a file of the bundle
  }
  return new SourceMap(JSON.parse(text) as SourceMapPayload);
}
