/**
 * Text that somebody else wrote – a container's last words, a server's error – in a form that may stand in a status:
 * one line, no control characters, no credentials, bounded.
 */
import { redacted } from './redaction.ts';

const MAX_CHARACTERS = 1024;

export function printable(text: string, max: number = MAX_CHARACTERS): string {
  // Cutting first bounds the work on hostile input; white space shrinks, so twice the length is enough.
  const line = text
    .slice(0, max * 2)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  const safe = redacted(line);
  return safe.length <= max ? safe : `${safe.slice(0, max - 1)}…`;
}
