/**
 * An issuer of tokens in the cluster's network, with whatever claims and keys a test wants. Pods reach it as a Service
 * of the namespace; who holds a token does not reach it at all.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { hostAddress } from './cluster/sandbox.ts';
import { until } from './until.ts';
import type { World } from './world.ts';

const PORT = 18_090;

export interface Issuer extends AsyncDisposable {
  /** As in the `iss` claim. */
  readonly url: string;
  /** A token by the newest key that is valid for five minutes, unless the claims say otherwise. */
  token(claims: JWTPayload): Promise<string>;
  /** Begins to use another key; the ones before stay published. */
  useNewKey(): Promise<void>;
  /** Begins to use another key without publishing it. */
  useUnpublishedKey(): Promise<void>;
}

export async function startIssuer({ cluster, kube, namespace }: World): Promise<Issuer> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-issuer-'));
  const file = join(folder, 'keys.json');
  const url = `http://issuer.${namespace}.svc`;
  const published: JWK[] = [];
  let made = 0;
  let current: { readonly id: string; readonly key: CryptoKey } | undefined;
  const renew = async (publish: boolean): Promise<void> => {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const id = `key-${(made += 1)}`;
    current = { id, key: privateKey };
    if (publish) published.push({ ...(await exportJWK(publicKey)), kid: id, alg: 'ES256', use: 'sig' });
    await writeFile(file, JSON.stringify({ keys: published }));
  };
  await renew(true);

  const program = join(import.meta.dirname, 'issuer-server.ts');
  const args = [program, hostAddress, String(PORT), url, file];
  const server = await cluster.run(process.execPath, args, { name: 'issuer' });
  await until('the issuer', 10_000, async () => (await readFile(server.log, 'utf8')).includes('listening'));
  await kube.apply([
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'issuer' }, spec: { ports: [{ name: 'http', port: 80 }] } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'issuer', labels: { 'kubernetes.io/service-name': 'issuer' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [hostAddress], conditions: { ready: true } }],
      ports: [{ name: 'http', port: PORT }],
    },
  ]);
  return {
    url,
    async token(claims) {
      if (!current) throw new Error('the issuer has no key');
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ iss: url, iat: now, exp: now + 300, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: current.id, typ: 'at+jwt' })
        .sign(current.key);
    },
    useNewKey: () => renew(true),
    useUnpublishedKey: () => renew(false),
    async [Symbol.asyncDispose]() {
      await server.stop();
      await rm(folder, { recursive: true });
    },
  };
}
