/**
 * A stand-in for kube-apiserver: TLS with its own authority, discovery of the token issuer, TokenReview. Answers as the
 * real one does, checks who asks, and has the files that a pod finds of its service account.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, type JWK } from 'jose';
import { createAuthority, issue } from '#e2e/cluster/certificates.ts';
import { type SigningKey, sign, signingKey } from './issuer.testing.ts';

export const CLUSTER_ISSUER = 'https://kubernetes.default.svc.cluster.local';

export interface TestCluster {
  readonly environment: Readonly<Record<string, string>>;
  /** Folder of the service account's files. */
  readonly directory: string;
  /** `METHOD path`, in order. */
  readonly asked: string[];
  /** Accounts and pods that were deleted: tokens of these are reviewed as not authenticated. */
  readonly deleted: Set<string>;
  mayReview: boolean;
  down: boolean;
  /** Members that replace those of a review's status. */
  status: Record<string, unknown>;
  /** As the TokenRequest API issues one for an account `namespace:name`. */
  token(account: string, claims?: Record<string, unknown>): Promise<string>;
  /** The kubelet brings a new token for this pod. */
  rotateOwnToken(token: string): Promise<void>;
  close(): Promise<void>;
}

export async function startCluster(audience: string): Promise<TestCluster> {
  const key: SigningKey = await signingKey('cluster', 'RS256');
  const authority = createAuthority('test-ca', new Date());
  const request = { commonName: 'kube-apiserver', usages: ['server'], names: ['127.0.0.1'] } as const;
  const { key: privateKey, certificate } = issue(authority, request, new Date());
  const directory = await mkdtemp(join(tmpdir(), 'service-account-'));
  await writeFile(join(directory, 'ca.crt'), authority.certificate);
  let own = 'own-token-1';
  const rotateOwnToken = (token: string): Promise<void> => {
    own = token;
    return writeFile(join(directory, 'token'), `${token}\n`);
  };
  await rotateOwnToken(own);

  const server = createServer({ key: privateKey, cert: certificate }, (asked, response) => {
    cluster.asked.push(`${asked.method} ${asked.url}`);
    const send = (status: number, value: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    if (cluster.down) return void response.destroy();
    if (asked.headers.authorization !== `Bearer ${own}`) return send(401, { kind: 'Status', code: 401 });
    if (asked.url === '/.well-known/openid-configuration')
      return send(200, { issuer: CLUSTER_ISSUER, jwks_uri: 'https://unreachable.invalid/openid/v1/jwks' });
    if (asked.url === '/openid/v1/jwks') {
      if (!asked.headers.accept?.includes('application/jwk-set+json')) return send(406, { code: 406 });
      return send(200, { keys: [key.jwk satisfies JWK] });
    }
    if (!cluster.mayReview) return send(403, { kind: 'Status', code: 403, reason: 'Forbidden' });
    let text = '';
    asked.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    asked.on('end', () => {
      const { spec } = JSON.parse(text) as { spec: { token: string; audiences: string[] } };
      const { sub = '' } = decodeJwt(spec.token);
      const status = cluster.deleted.has(sub)
        ? { authenticated: false, error: '[invalid bearer token, service account token has been invalidated]' }
        : {
            authenticated: true,
            user: { username: sub, groups: ['system:serviceaccounts'] },
            audiences: spec.audiences,
          };
      send(201, { kind: 'TokenReview', status: { ...status, ...cluster.status } });
    });
  });
  const cluster: TestCluster = {
    environment: {},
    directory,
    asked: [],
    deleted: new Set(),
    mayReview: true,
    down: false,
    status: {},
    token: (account, claims = {}) => {
      const [namespace = '', name = ''] = account.split(':');
      const now = Math.floor(Date.now() / 1000);
      return sign(key, {
        iss: CLUSTER_ISSUER,
        aud: [audience],
        sub: `system:serviceaccount:${account}`,
        iat: now,
        nbf: now,
        exp: now + 3_600,
        'kubernetes.io': { namespace, serviceaccount: { name, uid: '1' } },
        ...claims,
      });
    },
    rotateOwnToken,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
      await rm(directory, { recursive: true });
    },
  };
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const environment = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(port) };
  return Object.assign(cluster, { environment });
}
