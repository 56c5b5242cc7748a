/**
 * JSON from a stranger: bounded before it is parsed. One pass over the text counts depth and values and refuses two
 * members of one name and half surrogates, which JSON.parse lets pass and different readers take differently.
 */
import { INVALID_REQUEST, PARSE_ERROR } from '../protocol/rpc-error.ts';

export const MAX_DEPTH = 64;
export const MAX_VALUES = 100_000;

export type Parsed =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly code: number; readonly message: string };

const refused = (code: number, message: string): Parsed => ({ ok: false, code, message });
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function parseJson(bytes: Uint8Array): Parsed {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return refused(PARSE_ERROR, 'Parse error: the body is not UTF-8.');
  }
  const problem = scan(text);
  if (problem) return problem;
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch {
    return refused(PARSE_ERROR, 'Parse error: the body is not valid JSON.');
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const FEW = 12;

/** Finds what is refused; says nothing about the grammar, which JSON.parse checks. */
function scan(text: string): Parsed | undefined {
  /** For each open object the names seen, for each open array nothing. */
  const open: (Names | undefined)[] = [];
  let values = 1;
  let last: string | undefined;
  for (let i = 0; i < text.length; i += 1) {
    switch (text.charCodeAt(i)) {
      case QUOTE: {
        const end = endOfString(text, i);
        if (end === undefined) return refused(PARSE_ERROR, 'Parse error: a string does not end.');
        const raw = text.slice(i + 1, end);
        last = raw;
        if (raw.includes('\\')) {
          last = unescaped(raw);
          if (last === undefined || !last.isWellFormed())
            return refused(PARSE_ERROR, 'Parse error: a string holds an escape that stands for no character.');
        }
        i = end;
        break;
      }
      case COLON:
        if (last !== undefined && open.at(-1)?.add(last) === false)
          return refused(PARSE_ERROR, 'Parse error: an object has two members of the same name.');
        break;
      case COMMA:
        values += 1;
        if (values > MAX_VALUES)
          return refused(INVALID_REQUEST, `The body holds more than ${MAX_VALUES} values. Send less at once.`);
        break;
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        open.push(text.charCodeAt(i) === OPEN_OBJECT ? new Names() : undefined);
        if (open.length > MAX_DEPTH)
          return refused(INVALID_REQUEST, `The body is nested deeper than ${MAX_DEPTH} levels. Send a flatter one.`);
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        open.pop();
        break;
      default:
    }
  }
  return undefined;
}

/** Names of one object. Few are compared one by one, which is faster than hashing them. */
class Names {
  #few: string[] = [];
  #many: Set<string> | undefined;

  /** False for a name that was there already. */
  add(name: string): boolean {
    if (this.#many) return this.#many.size < this.#many.add(name).size;
    if (this.#few.includes(name)) return false;
    this.#few.push(name);
    if (this.#few.length > FEW) this.#many = new Set(this.#few);
    return true;
  }
}

/** Position of the closing quote. */
function endOfString(text: string, start: number): number | undefined {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return end;
  }
  return undefined;
}

function unescaped(raw: string): string | undefined {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return undefined;
  }
}
