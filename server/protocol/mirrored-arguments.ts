/**
 * Arguments of tools that a request over HTTP carries in `Mcp-Param-…` headers too, so that proxies can route by them
 * (`x-mcp-header` in the input schema, revision 2026-07-28). Finds them, and checks a request's headers against its body.
 */
import { valueAt } from './arguments.ts';
import { HEADER_MISMATCH, RpcError } from './rpc-error.ts';

export interface MirroredArgument {
  readonly path: readonly string[];
  /** In lower case. */
  readonly header: string;
  readonly isInteger: boolean;
}

interface Schema {
  readonly type?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly 'x-mcp-header'?: unknown;
  readonly [keyword: string]: unknown;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const PREFIX = 'mcp-param-';
/** What a header may hold as it is; Node.js gives the other bytes as characters of Latin-1. */
const VISIBLE = /^[\t\x20-\x7e]*$/;
const UNREADABLE = 'it is neither visible ASCII nor valid Base64 of UTF-8';
const TYPES = new Set(['string', 'integer', 'boolean']);

/** Throws an Error for a mark that the specification does not allow. */
export function mirroredArguments(tool: string, schema: Schema): readonly MirroredArgument[] {
  const found = marked(tool, schema, []);
  const marks = JSON.stringify(schema).split('"x-mcp-header":').length - 1;
  if (marks !== found.length)
    throw new Error(`tool ${tool}: x-mcp-header may stand only on arguments that are reached through properties`);
  if (new Set(found.map(({ header }) => header)).size !== found.length)
    throw new Error(`tool ${tool}: two arguments have the same x-mcp-header`);
  return found;
}

function marked(tool: string, schema: Schema, path: readonly string[]): readonly MirroredArgument[] {
  const name = schema['x-mcp-header'];
  const below = Object.entries(schema.properties ?? {}).flatMap(([key, value]) => marked(tool, value, [...path, key]));
  if (name === undefined) return below;
  if (typeof name !== 'string' || !TOKEN.test(name) || !TYPES.has(String(schema.type)))
    throw new Error(
      `tool ${tool}: x-mcp-header of ${path.join('.')} must be a header name on a string, integer or boolean`,
    );
  return [{ path, header: `${PREFIX}${name.toLowerCase()}`, isInteger: schema.type === 'integer' }, ...below];
}

/** Whether a header, in lower case, can carry an argument of some tool. */
export const isParameterHeader = (header: string): boolean =>
  header.startsWith(PREFIX) && TOKEN.test(header.slice(PREFIX.length));

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Throws RpcError where a header is missing, cannot be decoded, or says another value than the body. */
export function checkMirrored(mirrored: readonly MirroredArgument[], given: unknown, headers: Headers): void {
  for (const { path, header, isInteger } of mirrored) {
    const sent = headers[header];
    const decoded = typeof sent === 'string' ? decodedHeader(header, sent) : undefined;
    const value = valueAt(given, path);
    if (value === undefined || value === null || typeof value === 'object') continue;
    if (decoded === undefined) throw mismatch(header, '(missing)', `the body holds ${path.join('.')}`);
    const isSame =
      isInteger && typeof value === 'number' && /^-?\d+(\.\d+)?$/.test(decoded)
        ? Number(decoded) === value
        : decoded === (typeof value === 'string' ? value : JSON.stringify(value));
    if (!isSame) throw mismatch(header, String(sent), `the body holds another ${path.join('.')}`);
  }
}

/** A header's value, plain or as `=?base64?…?=`. Throws RpcError where it holds other characters or cannot be decoded. */
export function decodedHeader(header: string, sent: string): string {
  if (!VISIBLE.test(sent)) throw mismatch(header, sent, UNREADABLE);
  if (!sent.startsWith('=?base64?') || !sent.endsWith('?=') || sent.length < 11) return sent;
  const encoded = sent.slice(9, -2);
  const bytes = Buffer.from(encoded, 'base64');
  const text = bytes.toString();
  if (bytes.toString('base64') !== encoded || !Buffer.from(text).equals(bytes))
    throw mismatch(header, sent, UNREADABLE);
  return text;
}

export const mismatch = (header: string, value: string, body: string): RpcError => {
  const data = { mismatch: { header, value: value.slice(0, 256) } };
  return new RpcError(HEADER_MISMATCH, `The header ${header} and the body disagree: ${body}.`, data, 400);
};
