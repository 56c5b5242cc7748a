/**
 * A token issuer for tests: real HTTP on loopback, keys made on the spot, metadata and key set as an identity provider
 * publishes them, and ways to misbehave. Counts what it is asked.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export async function signingKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export interface TestIssuer {
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  /** What the key set holds now. */
  keys: JWK[];
  /** Cache-Control of the key set. */
  cacheControl: string;
  /** Answers for the key set instead of serving it. */
  misbehave: ((response: ServerResponse) => void) | undefined;
  /** Members that replace those of the metadata. */
  metadata: Record<string, unknown>;
  close(): Promise<void>;
}

export async function startIssuer(): Promise<TestIssuer> {
  const server = createServer((request, response) => {
    issuer.asked.push(request.url ?? '');
    const send = (value: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
    };
    if (request.url === '/realm/.well-known/openid-configuration')
      send({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys`, ...issuer.metadata });
    else if (request.url === '/realm/keys' && issuer.misbehave) issuer.misbehave(response);
    else if (request.url === '/realm/keys') send({ keys: issuer.keys }, { 'cache-control': issuer.cacheControl });
    else response.writeHead(404).end();
  });
  const issuer: TestIssuer = {
    url: '',
    asked: [],
    keys: [],
    cacheControl: 'max-age=60',
    misbehave: undefined,
    metadata: {},
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  Object.assign(issuer, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/realm` });
  return issuer;
}

/** A good token of `issuer`, but for what `claims` and `header` change; a claim that is undefined is left out. */
export function sign(
  key: SigningKey,
  claims: JWTPayload & Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey);
}
