/**
 * The access token of a request: one Authorization header, scheme Bearer (RFC 6750, 2.1), nothing else. Tokens in the
 * query or in a body are not tokens here.
 */
import type { IncomingMessage } from 'node:http';

export type Bearer =
  | { readonly type: 'Token'; readonly token: string }
  | { readonly type: 'Missing' | 'Several' | 'InQuery' | 'TooLong' };

/** Generous for a JWT with many groups; the front's limit for all headers is 16 KiB. */
const MAX_LENGTH = 8 * 1024;
const PREFIX = 'bearer ';

export function bearerOf({ rawHeaders, url = '' }: Pick<IncomingMessage, 'rawHeaders' | 'url'>): Bearer {
  let value: string | undefined;
  // Node keeps the first of several in `headers`, and somebody in front of us may have looked at the last.
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length !== 13 || name.toLowerCase() !== 'authorization') continue;
    if (value !== undefined) return { type: 'Several' };
    value = rawHeaders[i + 1];
  }
  if (url.includes('?') && hasTokenInQuery(url)) return { type: 'InQuery' };
  if (value === undefined || value.slice(0, PREFIX.length).toLowerCase() !== PREFIX) return { type: 'Missing' };
  if (value.length > MAX_LENGTH) return { type: 'TooLong' };
  const token = value.slice(PREFIX.length).trim();
  return token === '' ? { type: 'Missing' } : { type: 'Token', token };
}

const hasTokenInQuery = (url: string): boolean =>
  new URLSearchParams(url.slice(url.indexOf('?') + 1)).has('access_token');
