/**
 * One public key of a key set: what it may verify, and the check itself. Takes over the members of a public key only;
 * keys for encryption, symmetric ones and short ones are none of ours.
 */
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { JoseHeader } from './compact-jws.ts';

/** What node:crypto needs to check one algorithm of RFC 7518 or RFC 8037. */
type Check = Readonly<{ hash: string | null; padding?: number; saltLength?: number; dsaEncoding?: 'ieee-p1363' }>;

const { RSA_PKCS1_PADDING: padding, RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
const pss = { padding: RSA_PKCS1_PSS_PADDING, saltLength };
const dsaEncoding = 'ieee-p1363';

/** By kind of key. Asymmetric only: `none` and HS… stay out (RFC 8725, 3.1 and 3.2). */
const CHECKS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  RSA: {
    RS256: { hash: 'sha256', padding },
    RS384: { hash: 'sha384', padding },
    RS512: { hash: 'sha512', padding },
    PS256: { hash: 'sha256', ...pss },
    PS384: { hash: 'sha384', ...pss },
    PS512: { hash: 'sha512', ...pss },
  },
  'P-256': { ES256: { hash: 'sha256', dsaEncoding } },
  'P-384': { ES384: { hash: 'sha384', dsaEncoding } },
  'P-521': { ES512: { hash: 'sha512', dsaEncoding } },
  Ed25519: { EdDSA: { hash: null }, Ed25519: { hash: null } },
};
export const ALGORITHMS: ReadonlySet<string> = new Set(Object.values(CHECKS).flatMap((checks) => Object.keys(checks)));

/** RFC 7518, 3.3. */
const MIN_MODULUS_BITS = 2048;
const MEMBERS = ['kty', 'crv', 'n', 'e', 'x', 'y'];

export interface VerificationKey {
  /** Equal for equal keys, and only for these. */
  readonly identity: string;
  fits(header: JoseHeader): boolean;
  /** Whether the signature of a compact JWS is of this key, by an algorithm that fits. */
  verifies(token: string, algorithm: string): boolean;
}

/** Undefined where the entry is no public key for signatures that is understood here. */
export function verificationKey(entry: unknown): VerificationKey | undefined {
  const jwk = texts(entry);
  const { kty = '', crv = '', use, kid, alg } = jwk;
  const family = kty === 'RSA' ? kty : crv;
  const checks = new Map(Object.hasOwn(CHECKS, family) ? Object.entries(CHECKS[family] ?? {}) : []);
  if (checks.size === 0 || (use !== undefined && use !== 'sig')) return undefined;
  const members = MEMBERS.flatMap((name) => (jwk[name] === undefined ? [] : [[name, jwk[name]] as const]));
  const key = publicKey(Object.fromEntries(members));
  if (key === undefined || (key.asymmetricKeyDetails?.modulusLength ?? MIN_MODULUS_BITS) < MIN_MODULUS_BITS)
    return undefined;
  return {
    identity: JSON.stringify([members, kid, alg]),
    fits: (header) =>
      checks.has(header.alg) &&
      (alg === undefined || nameOf(alg) === nameOf(header.alg)) &&
      (header.kid === undefined || kid === header.kid),
    verifies(token, algorithm) {
      const check = checks.get(algorithm);
      if (check === undefined) return false;
      const { hash, ...how } = check;
      const end = token.lastIndexOf('.');
      const signature = Buffer.from(token.slice(end + 1), 'base64url');
      return verify(hash, Buffer.from(token.slice(0, end)), { key, ...how }, signature);
    },
  };
}

/** The members that are texts. */
function texts(entry: unknown): Readonly<Record<string, string | undefined>> {
  const members = Object.entries(typeof entry === 'object' && entry !== null ? entry : {});
  return Object.fromEntries(members.filter((member): member is [string, string] => typeof member[1] === 'string'));
}

/** Undefined where the members make no key: not on the curve, of the wrong length, missing. */
function publicKey(jwk: Readonly<Record<string, string | undefined>>): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return undefined;
  }
}

/** RFC 9864 gives EdDSA on Ed25519 a name of its own. */
const nameOf = (algorithm: string): string => (algorithm === 'Ed25519' ? 'EdDSA' : algorithm);
