/**
 * Tokens for the fuzzer: one of each kind that a server must tell apart, for the server that is being fuzzed.
 */
import type { Issuer } from '../http/issuer.ts';
import type { TokenKind } from './inputs.ts';

export type Tokens = Readonly<Record<TokenKind, string>>;

/** `url` of the server, which says in public what scopes its tools need. */
export async function tokensOf(issuer: Issuer, url: string): Promise<Tokens> {
  const { origin, pathname } = new URL(url);
  const metadata = await fetch(`${origin}/.well-known/oauth-protected-resource${pathname}`);
  const { scopes_supported: scopes } = (await metadata.json()) as { scopes_supported: readonly string[] };
  const everything = { scope: scopes.join(' ') };
  const [valid, scopeless, expired, foreign] = await Promise.all([
    issuer.token('ada', everything),
    issuer.token('bob', { scope: '' }),
    issuer.token('ada', { ...everything, lifetime: '-1h' }),
    issuer.token('ada', { ...everything, audience: 'another-server' }),
  ]);
  const [header = '', payload = '', signature = ''] = valid.split('.');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  return {
    valid,
    scopeless,
    expired,
    foreign,
    unsigned: `${none}.${payload}.`,
    tampered: [header, payload, reversed(signature)].join('.'),
    cut: valid.slice(0, -10),
  };
}

const reversed = (text: string): string => text.split('').reverse().join('');
