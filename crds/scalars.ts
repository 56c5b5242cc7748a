/**
 * Strings and whole numbers of a structural schema. The API server matches patterns
 * with RE2 and knows its own list of formats, so only what both sides read alike
 * gets through. Part of `structural.ts`; knows nothing of objects.
 */
import type { z } from 'zod';
import type { Structural } from './structural.ts';

/** What a check of zod says; `custom` is refine(), which `structural.ts` judges. */
export type Check = z.core.$ZodChecks['_zod']['def'] | { readonly check: 'custom' };

/** zod's name of a string format → the API server's, where both accept the same strings. */
const FORMATS: Readonly<Record<string, string>> = { datetime: 'date-time' };

const INT32 = { minimum: -(2 ** 31), maximum: 2 ** 31 - 1 };

export function stringSchema(def: z.core.$ZodStringDef, at: string): Structural {
  if (def.coerce) refuse(at, 'coercion has no place in an API type');
  const node: Structural = { type: 'string' };
  const format = (def as { readonly format?: string }).format;
  if (format) node.format = FORMATS[format] ?? refuse(at, `format ${format} is not one that the API server checks`);
  for (const check of checks(def)) {
    if (check.check === 'min_length') node.minLength = check.minimum;
    else if (check.check === 'max_length') node.maxLength = check.maximum;
    else if (check.check === 'string_format' && check.format === 'regex' && check.pattern && !node.pattern)
      node.pattern = re2(check.pattern, at);
    else if (check.check !== 'custom') refuse(at, `${described(check)} cannot be said of a string`);
  }
  return node;
}

/** Numbers are whole: fractions in an API lose digits on the way and are written as strings instead. */
export function integerSchema(def: z.core.$ZodNumberDef, at: string): Structural {
  if (def.coerce) refuse(at, 'coercion has no place in an API type');
  const format = (def as { readonly format?: string }).format;
  if (format !== 'int32' && format !== 'safeint') refuse(at, 'numbers must be z.int() or z.int32()');
  const node: Structural = { type: 'integer', format: format === 'int32' ? 'int32' : 'int64' };
  for (const check of checks(def)) {
    if (check.check === 'greater_than' && check.inclusive) node.minimum = Number(check.value);
    else if (check.check === 'less_than' && check.inclusive) node.maximum = Number(check.value);
    else if (check.check !== 'custom') refuse(at, `${described(check)} cannot be said of a number`);
  }
  if (format === 'int32' && (beyond(node.minimum) || beyond(node.maximum))) refuse(at, 'a bound lies beyond int32');
  return node;
}

const beyond = (bound = 0) => bound < INT32.minimum || bound > INT32.maximum;

/** The source of a pattern that RE2 and JavaScript read alike. */
function re2(pattern: RegExp, at: string): string {
  if (pattern.flags) refuse(at, `pattern flags (${pattern.flags}) are lost in a CRD`);
  const { source } = pattern;
  if (/\(\?(?!:)/.test(source)) refuse(at, 'patterns may only use (?:…) groups; RE2 has no look-around');
  if (/\\[1-9k]/.test(source)) refuse(at, 'back-references do not exist in RE2');
  if (/\\[sSvuxcpPbB]/.test(source)) refuse(at, 'this escape means different characters in RE2; list the characters');
  for (const [, count] of source.matchAll(/\{(?:\d+,)?(\d+)\}/g))
    if (Number(count) > 1000) refuse(at, 'RE2 repeats at most 1000 times');
  return source.replaceAll('\\/', '/');
}

export function checks(def: { readonly checks?: z.core.$ZodCheck[] | undefined }): readonly Check[] {
  return (def.checks ?? []).map((check) => check._zod.def as Check);
}

function described(check: Check): string {
  return check.check === 'string_format' ? `a second pattern or format ${check.format}` : check.check;
}

/** Stops the build; the message begins with the path of the field. */
export function refuse(at: string, why: string): never {
  throw new Error(`${at || '(root)'}: ${why}`);
}
