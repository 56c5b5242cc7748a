/**
 * Cursors of paged lists: where the next page begins, as text that clients pass back
 * without reading it. Not signed, because a cursor opens nothing that its caller may
 * not read anyway; so it is checked like any other argument.
 */
import type { z } from 'zod';
import { ToolError } from '../toolsets/toolset.ts';

/** Longest cursor that is looked at, in characters. */
export const CURSOR_LENGTH = 256;

export function encodeCursor(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** Throws a ToolError for a text that no list gave out. */
export function decodeCursor<Position>(cursor: string, schema: z.ZodType<Position>): Position {
  const parsed = cursor.length <= CURSOR_LENGTH ? schema.safeParse(parse(cursor)) : undefined;
  if (!parsed?.success)
    throw new ToolError('cursor is not one that this list returned. Leave it out to read from the beginning.');
  return parsed.data;
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}
