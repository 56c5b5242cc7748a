/**
 * Refusals as RFC 6750 and RFC 9728 want them, so that a client learns where to get a token and with which scopes.
 * Knows no token.
 */
import type { Refusal } from '../http/answer.ts';
import type { Bearer } from './bearer.ts';

export interface Challenges {
  /** Without a usable token; no error code, because none was judged (RFC 6750, 3.1). */
  absent(why: Exclude<Bearer['type'], 'Token'>): Refusal;
  invalid(because: string): Refusal;
  /** `scopes`: those that the operation needs beside the base ones. */
  insufficient(scopes: readonly string[]): Refusal;
  /** Where no other token would help. */
  forbidden(because: string): Refusal;
  unavailable(because: string): Refusal;
}

export interface ChallengeOptions {
  /** URL of the protected-resource metadata; undefined where no authorization server exists. */
  readonly metadataUrl: string | undefined;
  /** Scopes that every request needs. */
  readonly requiredScopes: readonly string[];
}

const RETRY_SECONDS = '2';

const ABSENT: Readonly<Record<Exclude<Bearer['type'], 'Token'>, string>> = {
  Missing: 'Send an access token in the header Authorization: Bearer.',
  Several: 'Send one Authorization header, not several.',
  InQuery: 'Send the access token in the Authorization header; in a URL it ends up in logs.',
  TooLong: 'The Authorization header is too long. Ask for a token with fewer claims.',
};

export function createChallenges({ metadataUrl, requiredScopes }: ChallengeOptions): Challenges {
  const bearer = (parameters: Readonly<Record<string, string | undefined>>): { 'www-authenticate': string } => {
    const all = { ...parameters, resource_metadata: metadataUrl };
    const told = Object.entries(all).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [`${name}="${quotable(value)}"`],
    );
    return { 'www-authenticate': `Bearer${told.length === 0 ? '' : ` ${told.join(', ')}`}` };
  };
  const base = requiredScopes.join(' ');
  return {
    absent(why) {
      const message = ABSENT[why];
      if (why === 'TooLong') return { status: 431, reason: 'token_size', message };
      const error = why === 'Missing' ? undefined : 'invalid_request';
      return { status: 401, reason: 'token_absent', message, headers: bearer({ error, scope: base }) };
    },
    invalid(because) {
      const headers = bearer({ error: 'invalid_token', error_description: because, scope: base });
      return { status: 401, reason: 'token_invalid', message: because, headers };
    },
    insufficient(scopes) {
      const scope = [...new Set([...requiredScopes, ...scopes])].join(' ');
      const message = `The access token lacks a scope. This needs: ${scope}.`;
      const headers = bearer({ error: 'insufficient_scope', error_description: message, scope });
      return { status: 403, reason: 'scope', message, headers };
    },
    forbidden: (because) => ({ status: 403, reason: 'caller', message: because }),
    unavailable(because) {
      return { status: 503, reason: 'auth_unavailable', message: because, headers: { 'retry-after': RETRY_SECONDS } };
    },
  };
}

/** What may stand in a quoted parameter (RFC 6750, 3: no quote, no backslash, printable ASCII). */
const quotable = (text: string): string => text.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?');
