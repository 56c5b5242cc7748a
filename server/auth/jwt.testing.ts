/**
 * An authenticator that asks for tokens of an issuer, with that issuer, its keys, and claims that are right until a test
 * changes them. For tests only.
 */
import { KeyObject, sign as signBytes } from 'node:crypto';
import { RESOURCE, startFront, type TestFront } from './authenticator.testing.ts';
import { type SigningKey, signingKey, startIssuer, type TestIssuer } from './issuer.testing.ts';

export interface JwtFront {
  readonly issuer: TestIssuer;
  readonly front: TestFront;
  /** The issuer's. */
  readonly rsa: SigningKey;
  readonly ec: SigningKey;
  /** Of somebody else, with the id of `ec`. */
  readonly stranger: SigningKey;
  /** So many seconds from now, by the front's clock, which tests move. */
  readonly seconds: (offset: number) => number;
  /** Claims of a token that is let through, but for what `changes` say. */
  readonly good: (changes?: Record<string, unknown>) => Record<string, unknown>;
  /** A token with any text as header and payload, signed rightly with `ec`. */
  readonly signText: (header: string, payload: string) => string;
  readonly close: () => Promise<void>;
}

export const encode = (text: string): string => Buffer.from(text).toString('base64url');

export async function startJwtFront(): Promise<JwtFront> {
  const issuer = await startIssuer();
  const [rsa, ec, stranger] = await Promise.all([signingKey('rsa', 'RS256'), signingKey('ec'), signingKey('ec')]);
  issuer.keys = [rsa.jwk, ec.jwk];
  const front = await startFront(
    { type: 'JWT', issuer: issuer.url, audiences: [], requiredScopes: ['mcp'], rolesClaim: 'roles' },
    { scopes: () => ['mcp', 'tasks:write'] },
  );
  const seconds = (offset: number): number => Math.floor((Date.now() + front.skipMs) / 1000) + offset;
  return {
    issuer,
    front,
    rsa,
    ec,
    stranger,
    seconds,
    good: (changes = {}) => ({
      iss: issuer.url,
      aud: RESOURCE,
      sub: 'alice',
      scope: 'mcp tasks:write',
      exp: seconds(300),
      ...changes,
    }),
    signText: (header, payload) => {
      const input = `${encode(header)}.${encode(payload)}`;
      const key = { key: KeyObject.from(ec.privateKey), dsaEncoding: 'ieee-p1363' as const };
      return `${input}.${signBytes('sha256', Buffer.from(input), key).toString('base64url')}`;
    },
    close: async () => {
      await front.close();
      await issuer.close();
    },
  };
}
