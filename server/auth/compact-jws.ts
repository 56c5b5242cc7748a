/**
 * The three parts of a compact JWS, read strictly: base64url alone, objects without two members of one name, and
 * nothing in the header that would have to be understood. Checks no signature.
 */
import { parseJson } from '../http/json.ts';

export interface JoseHeader {
  readonly alg: string;
  readonly kid: string | undefined;
}

export type Claims = Readonly<Record<string, unknown>>;

const COMPACT = /^([\w-]+)\.[\w-]+\.[\w-]+$/;
const MAX_KID = 256;
/** RFC 8725, 3.11: what else a JWT of the issuer may be (a logout token, a DPoP proof) is not an access token. */
const ACCESS_TOKEN_TYPES: ReadonlySet<unknown> = new Set([undefined, 'jwt', 'at+jwt', 'application/at+jwt']);

/** Undefined where the text is no JWS that this server could accept. Keys that the header brings or points to are never looked at. */
export function headerOf(token: string): JoseHeader | undefined {
  const [, encoded] = COMPACT.exec(token) ?? [];
  const header = encoded === undefined ? undefined : objectOf(Buffer.from(encoded, 'base64url'));
  if (header === undefined || Object.hasOwn(header, 'crit')) return undefined;
  const { alg, kid, typ } = header;
  if (typeof alg !== 'string') return undefined;
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > MAX_KID)) return undefined;
  if (!ACCESS_TOKEN_TYPES.has(typeof typ === 'string' ? typ.toLowerCase() : typ)) return undefined;
  return { alg, kid };
}

/** The claims, as they stand there: whoever reads them has checked the signature before. */
export function claimsOf(token: string): Claims | undefined {
  const [, encoded = ''] = token.split('.', 2);
  return objectOf(Buffer.from(encoded, 'base64url'));
}

function objectOf(bytes: Uint8Array): Claims | undefined {
  const parsed = parseJson(bytes);
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null || Array.isArray(parsed.value))
    return undefined;
  return parsed.value as Claims;
}
