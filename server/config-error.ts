/**
 * A mistake of the person who configured the server. The message names the file or field and the cure, and is shown
 * as it is, without a stack.
 */
import type { z } from 'zod';

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const MAX_ISSUES = 5;

/** Field and problem of each issue, for a message: `spec.toolsets.0.name: Invalid input`. */
export function issuesText(error: z.ZodError): string {
  const told = error.issues.slice(0, MAX_ISSUES).map(({ path, message }) => {
    const at = path.map(String).join('.');
    return at === '' ? message : `${at}: ${message}`;
  });
  const more = error.issues.length - told.length;
  return told.join('; ') + (more > 0 ? `; and ${more} more` : '');
}
