/**
 * From verified claims to a caller: issuer, audience and times are judged, subject, scopes and roles are taken over.
 * Claims are read as own members of plain JSON only, so that no name in a token reaches a prototype.
 */
import type { Caller } from '../toolsets/call.ts';
import type { Claims } from './compact-jws.ts';
import { rejected, type Verification } from './verdict.ts';

/** How far clocks may stand apart. */
export const SKEW_MS = 5_000;
/** OpenID Connect, 2: a subject must not exceed 255 characters. */
const MAX_SUBJECT = 255;
const MAX_NAMES = 256;
const MAX_NAME = 256;
/** RFC 6749, 3.3: characters of a scope. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const PRINTABLE = /^[^\p{C}\p{Z}](?:[^\p{C}]*[^\p{C}\p{Z}])?$/u;

export interface ClaimRules {
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** A claim's name, or a path of names with dots. */
  readonly rolesClaim: string;
  /** From the subject to the id that owns data and is counted. */
  idOf(subject: string): string;
}

export function verifiedCaller(claims: Claims, rules: ClaimRules, now: number): Verification {
  const { exp, nbf, iss, sub } = own(claims, ['exp', 'nbf', 'iss', 'sub']);
  if (iss !== rules.issuer) return rejected('The access token is from another issuer.');
  if (!isFor(own(claims, ['aud']).aud, rules.audiences))
    return rejected('The access token is for another audience. Ask for one for this server.');
  if (!isTime(exp)) return rejected('The access token does not say when it expires.');
  if (nbf !== undefined && !isTime(nbf)) return rejected('The access token does not say when it begins.');
  const expiresAt = exp * 1000 + SKEW_MS;
  if (expiresAt <= now) return rejected('The access token has expired. Get a new one.');
  if (nbf !== undefined && nbf * 1000 - SKEW_MS > now) return rejected('The access token is not valid yet.', false);
  if (typeof sub !== 'string' || sub.length > MAX_SUBJECT || !PRINTABLE.test(sub))
    return rejected('The access token names no subject.');
  const caller: Caller = { id: rules.idOf(sub), scopes: scopesOf(claims), roles: rolesOf(claims, rules.rolesClaim) };
  return { type: 'Verified', caller, expiresAt };
}

/** Of `scope` (RFC 8693, 4.2) and of `scp`, which some issuers write instead; each a text with spaces or a list. */
function scopesOf(claims: Claims): ReadonlySet<string> {
  const { scope, scp } = own(claims, ['scope', 'scp']);
  const names = [scope, scp].flatMap((value) => (typeof value === 'string' ? value.split(' ') : list(value)));
  return new Set(names.filter((name) => name.length <= MAX_NAME && SCOPE.test(name)).slice(0, MAX_NAMES));
}

/** A text is one role; members of a list that are no texts, and objects, give none. */
function rolesOf(claims: Claims, claim: string): readonly string[] {
  const value = Object.hasOwn(claims, claim) ? claims[claim] : at(claims, claim.split('.'));
  const names = typeof value === 'string' ? [value] : list(value);
  return names.filter((name) => name.length <= MAX_NAME && PRINTABLE.test(name)).slice(0, MAX_NAMES);
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, name) => {
    const object = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? (inner as Claims) : {};
    return Object.hasOwn(object, name) ? object[name] : undefined;
  }, value);
}

const list = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((name): name is string => typeof name === 'string') : [];

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

/** `aud` is a text or a list of texts (RFC 7519, 4.1.3). */
const isFor = (aud: unknown, audiences: readonly string[]): boolean =>
  (typeof aud === 'string' ? [aud] : list(aud)).some((name) => audiences.includes(name));

function own<Name extends string>(claims: Claims, names: readonly Name[]): { readonly [N in Name]?: unknown } {
  return Object.fromEntries(names.flatMap((name) => (Object.hasOwn(claims, name) ? [[name, claims[name]]] : []))) as {
    [N in Name]?: unknown;
  };
}
