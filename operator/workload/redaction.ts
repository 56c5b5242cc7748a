/**
 * Takes credentials out of text that somebody else wrote, such as a container's last words: conditions and Events have
 * more readers than Secrets. Knows the forms in which tokens of this field and passwords are usually printed; what has
 * no such form it cannot tell from other words.
 */
const REDACTED = '[redacted]';

/** A key in any spelling that ends so, e.g. HF_TOKEN, x-api-key, "client_secret". */
const SECRET_NAME = /(?:password|passwd|pwd|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key)/.source;

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  // URLs with userinfo; whoever connects needs the host to see what is wrong.
  [/\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#@"'`]{1,1024}(?:@[^\s/?#@"'`]{1,1024})*@/giu, `$1${REDACTED}@`],
  // RFC 6750 and RFC 7617 by their words, wherever they stand.
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/giu, `$1 ${REDACTED}`],
  // name=value, name: value, "name": "value"
  [
    new RegExp(
      String.raw`(${SECRET_NAME}["']?(?:\s{0,3}=|:)\s{0,3})(?!\[redacted\])(?:"[^"]*"?|'[^']*'?|[^\s,;&"')}\]]+)`,
      'giu',
    ),
    `$1${REDACTED}`,
  ],
  // Tokens that say by their beginning what they are: Hugging Face, OpenAI and its like, GitHub, Slack, AWS, JWT.
  [
    /\b(?:hf_|sk-|sk_|pk_|gh[pousr]_|github_pat_|glpat-|xox[abprs]-|nvapi-|gsk_|AKIA|ASIA)[A-Za-z0-9_-]{6,}/gu,
    REDACTED,
  ],
  [/\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/gu, REDACTED],
];

/** To be given bounded text. */
export const redacted = (text: string): string =>
  PATTERNS.reduce((line, [pattern, replacement]) => line.replaceAll(pattern, replacement), text);
