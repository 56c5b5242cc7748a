/**
 * The issuer that a server brings along: one account, `admin`, whose secret is a mounted file, and access tokens signed
 * with a key from another one (HS256; nobody else verifies them). Changing either file takes back all tokens. Must not
 * know HTTP.
 */
import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Logger } from 'pino';
import { ConfigError } from '../config-error.ts';
import { type ClaimRules, SKEW_MS, verifiedCaller } from './claims.ts';
import { claimsOf, headerOf } from './compact-jws.ts';
import type { MountedFile } from './mounted-file.ts';
import type { Revocations } from './revocations.ts';
import { rejected, type Verification, type Verifier } from './verdict.ts';

export const ADMIN = 'admin';

export interface BuiltInIssuer extends Verifier {
  /** Compared in constant time. Throws where the files cannot be read. */
  isAdmin(name: string, secret: string): Promise<boolean>;
  issue(scopes: readonly string[]): Promise<IssuedToken>;
  /** Takes a token back; nothing happens for what is no valid token of this issuer. */
  revoke(token: string): Promise<void>;
}

export interface IssuedToken {
  readonly token: string;
  readonly lifetimeSeconds: number;
}

export interface BuiltInIssuerOptions {
  readonly signingKey: MountedFile;
  readonly adminSecret: MountedFile;
  readonly issuer: string;
  readonly resource: string;
  readonly lifetimeMs: number;
  readonly revocations: Revocations;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Logger;
}

/** RFC 7518, 3.2: as long as the hash. */
const MIN_KEY_BYTES = 32;
const MIN_SECRET = 16;
const BELIEVED_MS = 5_000;
const FOREIGN = 'The access token is not one of this server, or its key or account has changed. Get a new one.';
const UNAVAILABLE = 'Tokens cannot be verified now. Try again.';

export async function createBuiltInIssuer(options: BuiltInIssuerOptions): Promise<BuiltInIssuer> {
  const { signingKey, adminSecret, issuer, resource, lifetimeMs, revocations, now, log } = options;
  const rules: ClaimRules = { issuer, audiences: [resource], rolesClaim: 'roles', idOf: (subject) => subject };

  let derived: { readonly from: readonly [Buffer, Buffer]; readonly keys: Keys } | undefined;
  const keys = async (): Promise<Keys> => {
    const [file, secret] = await Promise.all([signingKey.read(), adminSecret.read()]);
    if (derived?.from[0] !== file || derived.from[1] !== secret)
      derived = { from: [file, secret], keys: keysOf(file, secretText(secret)) };
    return derived.keys;
  };
  // A file that cannot do is said at the start, not at the first call.
  await keys().catch((error: unknown) => {
    throw new ConfigError(`auth.builtIn: ${error instanceof Error ? error.message : String(error)}`);
  });

  const judge = async (token: string): Promise<Verification & { readonly tokenId?: string }> => {
    const { key, keyId, account } = await keys();
    const header = headerOf(token);
    if (header?.alg !== 'HS256' || header.kid !== keyId) return rejected(FOREIGN);
    const end = token.lastIndexOf('.');
    const signature = Buffer.from(token.slice(end + 1), 'base64url');
    if (!sameBytes(sign(key, token.slice(0, end)), signature)) return rejected(FOREIGN);
    const claims = claimsOf(token);
    if (claims === undefined || claims['account'] !== account) return rejected(FOREIGN);
    const tokenId = String(claims['jti']);
    if (await revocations.has(tokenId)) return rejected('The access token was revoked. Get a new one.');
    return { ...verifiedCaller(claims, rules, now()), tokenId };
  };
  return {
    believedMs: BELIEVED_MS,
    close: () => Promise.resolve(),
    async verify(token) {
      try {
        return await judge(token);
      } catch (error) {
        log.error({ error }, 'a token cannot be verified');
        return { type: 'Unavailable', because: UNAVAILABLE };
      }
    },
    async isAdmin(name, secret) {
      const right = secretText(await adminSecret.read());
      // Both are compared, whatever the first says.
      const [sameName, sameSecret] = [sameText(name, ADMIN), sameText(secret, right)];
      return sameName && sameSecret;
    },
    async issue(scopes) {
      const { key, keyId, account } = await keys();
      const lifetimeSeconds = Math.max(1, Math.floor(lifetimeMs / 1000));
      const iat = Math.floor(now() / 1000);
      const jti = randomBytes(16).toString('base64url');
      const header = { alg: 'HS256', typ: 'at+jwt', kid: keyId };
      const who = { iss: issuer, sub: ADMIN, client_id: ADMIN, aud: resource, roles: [ADMIN], account };
      const claims = { ...who, scope: scopes.join(' '), iat, exp: iat + lifetimeSeconds, jti };
      const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
      return { token: `${signed}.${sign(key, signed).toString('base64url')}`, lifetimeSeconds };
    },
    async revoke(token) {
      const judged = await judge(token);
      if (judged.type === 'Verified' && judged.tokenId !== undefined)
        await revocations.add(judged.tokenId, judged.expiresAt + SKEW_MS);
    },
  };
}

interface Keys {
  readonly key: Buffer;
  readonly keyId: string;
  /** Stands for the account's secret in its tokens, so that they end with it. */
  readonly account: string;
}

function keysOf(file: Buffer, secret: string): Keys {
  if (file.length < MIN_KEY_BYTES) throw new Error(`the signing key must have at least ${MIN_KEY_BYTES} bytes`);
  if (secret.length < MIN_SECRET) throw new Error(`the admin's secret must have at least ${MIN_SECRET} characters`);
  const derive = (purpose: string, bytes: number): Buffer =>
    Buffer.from(hkdfSync('sha256', file, '', `mcp-fleet access tokens, ${purpose}`, bytes));
  const keyId = derive('key id', 8).toString('base64url');
  const account = createHmac('sha256', derive('account', 32)).update(secret).digest().subarray(0, 16);
  return { key: derive('signature', 32), keyId, account: account.toString('base64url') };
}

/** Secrets that were made with an editor or `echo` end with a new line. */
const secretText = (file: Buffer): string => file.toString('utf8').replace(/\r?\n$/, '');

const sign = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

const sameBytes = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

/** Takes the same time for any two texts of the same lengths. */
export function sameText(given: string, right: string): boolean {
  const [a, b] = [given, right].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(a, b);
}
