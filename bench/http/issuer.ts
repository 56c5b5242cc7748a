/**
 * An identity provider of the benchmark's own: one key, served as JWKS on loopback, and tokens signed with it. RS256,
 * because that is what most providers sign with unless told otherwise.
 */
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { freePort } from '#e2e/cluster/ports.ts';

export interface Issuer {
  readonly jwksUri: string;
  /** The part `auth` of a ServerConfig that trusts it. */
  readonly auth: Readonly<Record<string, unknown>>;
  /** A token for a caller: with the scope of the benchmarks' tools, for their server, valid for a day. */
  token(caller: string, other?: OtherClaims): Promise<string>;
  close(): Promise<void>;
}

export interface OtherClaims {
  readonly scope?: string;
  readonly audience?: string;
  /** From now on, as in `1d` or `-1h`. */
  readonly lifetime?: string;
}

const AUDIENCE = 'mcp-fleet-bench';

export async function startIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const kid = 'bench';
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' }] });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(jwks);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    jwksUri: `${url}/jwks`,
    auth: { type: 'JWT', issuer: url, jwksUri: `${url}/jwks`, audiences: [AUDIENCE] },
    token: (caller, { scope = 'bench', audience = AUDIENCE, lifetime = '1d' } = {}) =>
      new SignJWT({ scope, client_id: caller })
        .setProtectedHeader({ alg: 'RS256', kid, typ: 'at+jwt' })
        .setIssuer(url)
        .setAudience(audience)
        .setSubject(caller)
        .setJti(crypto.randomUUID())
        .setIssuedAt()
        .setExpirationTime(lifetime)
        .sign(privateKey),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
