/**
 * Arguments of a tool: checked against its schema, with one sentence that a model can act on when they do not fit.
 * Unknown arguments are refused by name, whatever the tool's schema says. Must not know a transport.
 */
import type { z } from 'zod';

const MAX_ISSUES = 5;
const MAX_NAME = 64;

export type Checked = { readonly ok: true; readonly input: unknown } | { readonly ok: false; readonly message: string };

/** `schema` must be strict. */
export function checkArguments(tool: string, schema: z.ZodObject, given: unknown): Checked {
  const result = schema.safeParse(given);
  if (result.success) return { ok: true, input: result.data };
  const { issues } = result.error;
  const told = issues.slice(0, MAX_ISSUES).map((issue) => sentence(issue, schema, given));
  if (issues.length > MAX_ISSUES) told.push(`and ${issues.length - MAX_ISSUES} more`);
  return {
    ok: false,
    message: `The arguments do not fit ${tool}: ${told.join('; ')}. Correct them and call the tool again.`,
  };
}

function sentence(issue: z.core.$ZodIssue, schema: z.ZodObject, given: unknown): string {
  const at = issue.path
    .map(String)
    .join('.')
    .slice(0, 4 * MAX_NAME);
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.slice(0, MAX_ISSUES).map((key) => JSON.stringify(key.slice(0, MAX_NAME)));
    const many = issue.keys.length > 1;
    const known = at === '' ? ` (known: ${Object.keys(schema.shape).join(', ') || 'none'})` : ` in ${at}`;
    return `unknown argument${many ? 's' : ''} ${names.join(', ')}${known}`;
  }
  if (issue.code === 'invalid_type' && valueAt(given, issue.path) === undefined) return `${at} is required`;
  const message = issue.message.slice(0, 300);
  return at === '' ? message : `${at}: ${message}`;
}

/** What stands there among the arguments, as an own member; undefined where nothing does. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<PropertyKey, unknown>)[key];
  }
  return current;
}
