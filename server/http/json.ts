/**
 * JSON from a stranger: bounded before it is parsed. One pass over the text counts depth and values; two members of one
 * name and half surrogates are refused, which JSON.parse lets pass and different readers take differently.
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
  // Of the bytes: V8 would ask the text anew for each string, because that has no effect (V8 13.6).
  const members = scan(text, bytes.includes(BACKSLASH));
  if (typeof members !== 'number') return members;
  let value: unknown;
  try {
    value = JSON.parse(text) as unknown;
  } catch {
    return refused(PARSE_ERROR, 'Parse error: the body is not valid JSON.');
  }
  // Of two members of one name JSON.parse keeps one.
  if (membersOf(value) !== members)
    return refused(PARSE_ERROR, 'Parse error: an object has two members of the same name.');
  return { ok: true, value };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/**
 * The number of members of all objects, or what is refused. Says nothing about the grammar, which JSON.parse checks.
 * Keeps nothing of the text: this happens to every request.
 */
function scan(text: string, escapes: boolean): number | Parsed {
  let depth = 0;
  let members = 0;
  let values = 1;
  for (let i = 0; i < text.length; i += 1) {
    switch (text.charCodeAt(i)) {
      case QUOTE: {
        const end = escapes ? endOfString(text, i) : text.indexOf('"', i + 1);
        if (end === -1) return refused(PARSE_ERROR, 'Parse error: a string does not end.');
        if (escapes && !isText(text.slice(i + 1, end)))
          return refused(PARSE_ERROR, 'Parse error: a string holds an escape that stands for no character.');
        i = end;
        break;
      }
      case COLON:
        members += 1;
        break;
      case COMMA:
        values += 1;
        if (values > MAX_VALUES)
          return refused(INVALID_REQUEST, `The body holds more than ${MAX_VALUES} values. Send less at once.`);
        break;
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        depth += 1;
        if (depth > MAX_DEPTH)
          return refused(INVALID_REQUEST, `The body is nested deeper than ${MAX_DEPTH} levels. Send a flatter one.`);
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        depth -= 1;
        break;
      default:
    }
  }
  return members;
}

/** Of a value and everything in it. */
function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) for (const item of value) members += membersOf(item);
  // What JSON.parse makes has no other names than its own, and inherits none that are listed.
  else for (const name in value) members += 1 + membersOf((value as Record<string, unknown>)[name]);
  return members;
}

/** Position of the closing quote, -1 without one. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return end;
  }
  return -1;
}

/** Whether what stands between two quotes stands for characters. */
function isText(raw: string): boolean {
  if (!raw.includes('\\')) return true;
  try {
    return (JSON.parse(`"${raw}"`) as string).isWellFormed();
  } catch {
    return false;
  }
}
