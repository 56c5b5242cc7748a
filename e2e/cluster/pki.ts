// The keys and certificates of a local cluster, and the kubeconfigs made of
// them. Which program is which user is Kubernetes' own convention:
// https://kubernetes.io/docs/setup/best-practices/certificates/

import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { type Authority, createAuthority, issue, type KeyAndCertificate, loadAuthority } from './certificates.ts';
import type { RunFolder } from './run-folder.ts';
import { hostAddress } from './sandbox.ts';

export const nodeName = 'node-1';
/** First address of the service range: the Service `kubernetes`. */
export const serviceRange = '10.96.0.0/16';
const apiServiceAddress = '10.96.0.1';

const authorityName = 'mcp-fleet-ca';
export const insideServer = `https://${hostAddress}:6443`;

const serving = {
  apiserver: {
    commonName: 'kube-apiserver',
    names: [
      'localhost',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
      '127.0.0.1',
      apiServiceAddress,
      hostAddress,
    ],
  },
  kubelet: { commonName: nodeName, names: [nodeName, hostAddress, '127.0.0.1'] },
};

/** Users of the cluster's own programs: file name → certificate subject. */
const users = {
  admin: { commonName: 'admin', organizations: ['system:masters'] },
  'kube-controller-manager': { commonName: 'system:kube-controller-manager' },
  'kube-scheduler': { commonName: 'system:kube-scheduler' },
  'kube-proxy': { commonName: 'system:kube-proxy' },
  kubelet: { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] },
  // Programs that a cluster would run as pods with roles of their own; here they are part of the machinery.
  coredns: { commonName: 'local:coredns', organizations: ['system:masters'] },
  traefik: { commonName: 'local:traefik', organizations: ['system:masters'] },
  'metrics-server': { commonName: 'local:metrics-server', organizations: ['system:masters'] },
  kwok: { commonName: 'local:kwok', organizations: ['system:masters'] },
  'storage-provisioner': { commonName: 'local:storage-provisioner', organizations: ['system:masters'] },
};

async function save(run: RunFolder, name: string, pair: KeyAndCertificate): Promise<void> {
  await writeFile(run.file('pki', `${name}.key`), pair.key, { mode: 0o600 });
  await writeFile(run.file('pki', `${name}.crt`), pair.certificate);
}

/** Writes a kubeconfig with the keys inside; returns its path. */
async function writeKubeconfig(
  run: RunFolder,
  name: string,
  server: string,
  authority: Authority,
  pair: KeyAndCertificate,
): Promise<string> {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const path = run.file('kubeconfig', `${name}.yaml`);
  const text = stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: run.id, cluster: { server, 'certificate-authority-data': base64(authority.certificate) } }],
    users: [
      { name, user: { 'client-certificate-data': base64(pair.certificate), 'client-key-data': base64(pair.key) } },
    ],
    contexts: [{ name: run.id, context: { cluster: run.id, user: name } }],
    'current-context': run.id,
  });
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

/** Makes everything that the programs of a cluster need: pki/*.crt and *.key, and kubeconfig/<program>.yaml for inside. */
export async function createPki(run: RunFolder, now: Date): Promise<void> {
  const authority = createAuthority(authorityName, now);
  const frontProxy = createAuthority('mcp-fleet-front-proxy-ca', now);
  const serviceAccount = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await save(run, 'ca', authority);
  await save(run, 'front-proxy-ca', frontProxy);
  await save(run, 'service-account', {
    key: serviceAccount.privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    certificate: serviceAccount.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  });
  for (const [name, request] of Object.entries(serving)) {
    await save(run, name, issue(authority, { ...request, usages: ['server'] }, now));
  }
  const proxyClient = { commonName: 'front-proxy-client', usages: ['client'] as const };
  await save(run, 'front-proxy-client', issue(frontProxy, proxyClient, now));
  // The API server is an admin to the kubelet: logs, exec and port-forward go that way.
  const kubeletClient = { commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'] };
  await save(run, 'apiserver-kubelet-client', issue(authority, { ...kubeletClient, usages: ['client'] }, now));
  for (const [name, subject] of Object.entries(users)) {
    const pair = issue(authority, { ...subject, usages: ['client'] }, now);
    await writeKubeconfig(run, name, insideServer, authority, pair);
    if (name === 'admin') await save(run, name, pair);
  }
}

async function readAuthority(run: RunFolder): Promise<Authority> {
  const [key, certificate] = await Promise.all([
    readFile(run.file('pki', 'ca.key'), 'utf8'),
    readFile(run.file('pki', 'ca.crt'), 'utf8'),
  ]);
  return loadAuthority(authorityName, { key, certificate });
}

/** A kubeconfig for a new user that works from outside through `port`; returns its path. */
export async function createUser(
  run: RunFolder,
  user: { readonly name: string; readonly groups: readonly string[] },
  port: number,
  now: Date,
): Promise<string> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._:@-]{0,62}$/.test(user.name)) throw new Error(`Not a user name: ${user.name}`);
  const authority = await readAuthority(run);
  const pair = issue(authority, { commonName: user.name, organizations: user.groups, usages: ['client'] }, now);
  const file = `user-${user.name.replaceAll(':', '-')}`;
  return writeKubeconfig(run, file, `https://127.0.0.1:${port}`, authority, pair);
}

/** The admin's kubeconfig for outside; returns its path. */
export async function writeAdminKubeconfig(run: RunFolder, port: number): Promise<string> {
  const [authority, key, certificate] = await Promise.all([
    readAuthority(run),
    readFile(run.file('pki', 'admin.key'), 'utf8'),
    readFile(run.file('pki', 'admin.crt'), 'utf8'),
  ]);
  return writeKubeconfig(run, 'outside', `https://127.0.0.1:${port}`, authority, { key, certificate });
}
