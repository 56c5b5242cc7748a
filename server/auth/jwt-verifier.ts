/**
 * Tokens of an OAuth or OpenID issuer: a JWT signed by one of its keys, for this server, in its time. Must not know how
 * the token came or what becomes of the verdict.
 */
import { type ClaimRules, verifiedCaller } from './claims.ts';
import { claimsOf, headerOf } from './compact-jws.ts';
import { type KeySet, KeysUnavailable } from './key-set.ts';
import { rejected, type Verification, type Verifier } from './verdict.ts';
import { ALGORITHMS } from './verification-key.ts';

export interface JwtVerifierOptions {
  /** Asked after the keys have been found. */
  readonly rules: () => ClaimRules;
  readonly keys: KeySet;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  close(): Promise<void>;
}

/** Keys that are removed count at once, so a verdict may be old. */
const BELIEVED_MS = 60_000;
const FOREIGN = 'The access token is not one of the issuer that is trusted here.';

export function createJwtVerifier(options: JwtVerifierOptions): Verifier {
  const { keys, now, rules } = options;
  return {
    believedMs: BELIEVED_MS,
    close: () => options.close(),
    async verify(token): Promise<Verification> {
      const header = headerOf(token);
      if (header === undefined || !ALGORITHMS.has(header.alg)) return rejected(FOREIGN);
      let key;
      try {
        key = await keys.find(header);
      } catch (error) {
        if (!(error instanceof KeysUnavailable)) throw error;
        return { type: 'Unavailable', because: 'Tokens cannot be verified now, because their issuer does not answer.' };
      }
      // The key may be so new that the issuer could not be asked yet.
      if (key === undefined) return rejected(FOREIGN, false);
      const claims = key.verifies(token, header.alg) ? claimsOf(token) : undefined;
      if (claims === undefined) return rejected(FOREIGN);
      const verification = verifiedCaller(claims, rules(), now());
      return verification.type === 'Verified' ? { ...verification, current: () => keys.holds(key) } : verification;
    },
  };
}
