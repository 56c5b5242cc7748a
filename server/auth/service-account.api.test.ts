/**
 * Tokens of ServiceAccounts that a real API server issued: verified with the keys that it publishes, and by its reviews
 * where the verifying account may ask for them.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { openServer, type TestServer } from '#crds/testing/server.ts';
import type { AuthConfig } from '../config.ts';
import { RESOURCE, startFront, type TestFront } from './authenticator.testing.ts';

const namespace = `tokens-${randomBytes(3).toString('hex')}`;
const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
const bindings = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
let api: TestServer;
let directory: string;
let environment: Record<string, string>;
let front: TestFront;

async function must(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const { code, body: answer } = await api.send<Record<string, unknown>>(method, path, body);
  if (code >= 300) throw new Error(`${method} ${path}: ${code}: ${JSON.stringify(answer)}`);
  return answer;
}

const account = (name: string): object => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });

/** Without an audience, for the API server itself. */
async function tokenOf(name: string, ...audiences: readonly string[]): Promise<string> {
  const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences } };
  const { status } = await must('POST', `${accounts}/${name}/token`, asked);
  return (status as { token: string }).token;
}

/** What a pod of the account `server` finds. */
beforeAll(async () => {
  const { kubeconfig } = inject('cluster');
  api = await openServer(kubeconfig);
  await must('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  for (const name of ['server', 'agent']) await must('POST', accounts, account(name));
  directory = await mkdtemp(join(tmpdir(), 'service-account-'));
  const [{ cluster }] = (parse(await readFile(kubeconfig, 'utf8')) as { clusters: [{ cluster: Cluster }] }).clusters;
  await writeFile(join(directory, 'ca.crt'), Buffer.from(cluster['certificate-authority-data'], 'base64'));
  await writeFile(join(directory, 'token'), await tokenOf('server'));
  const { hostname, port } = new URL(cluster.server);
  environment = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
});
afterEach(() => front.close());
afterAll(async () => {
  await api.send('DELETE', `${bindings}/${namespace}`);
  await api.send('DELETE', `/api/v1/namespaces/${namespace}`);
  api.close();
  await rm(directory, { recursive: true });
});

interface Cluster {
  readonly server: string;
  readonly 'certificate-authority-data': string;
}

type Verification = Extract<AuthConfig, { type: 'KubernetesServiceAccount' }>['verification'];

async function start(verification: Verification): Promise<void> {
  front = await startFront(
    { type: 'KubernetesServiceAccount', audiences: [], serviceAccounts: [`${namespace}:agent`], verification },
    { environment, serviceAccountDirectory: directory },
  );
}

test('a token counts for its audience and its account by the published keys', async () => {
  await start('PublishedKeys');
  expect(await front.call(await tokenOf('agent', RESOURCE))).toMatchObject({
    status: 200,
    body: { id: `system:serviceaccount:${namespace}:agent` },
  });
  expect((await front.call(await tokenOf('agent', 'somebody-else'))).status).toBe(401);
  expect((await front.call(await tokenOf('agent'))).status).toBe(401);
  expect((await front.call(await tokenOf('server', RESOURCE))).status).toBe(403);
});

test('by reviews nobody is let in until they are allowed, and the end of an account is noticed', async () => {
  await start('TokenReview');
  const token = await tokenOf('agent', RESOURCE);
  expect((await front.call(token)).status).toBe(503);
  await must('POST', bindings, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:auth-delegator' },
    subjects: [{ kind: 'ServiceAccount', namespace, name: 'server' }],
  });
  // The authorizer of the API server hears of the binding a moment later.
  await expect.poll(async () => (await front.call(token)).status, { timeout: 10_000 }).toBe(200);
  await must('DELETE', `${accounts}/agent`);
  front.skipMs += 5_000;
  await expect.poll(async () => (await front.call(token)).status, { timeout: 20_000 }).toBe(401);
});
