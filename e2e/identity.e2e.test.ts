/** Who may call, as clients meet it: tokens of an issuer through the ingress, and tokens of pods within the cluster. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectClassic, connectModern, loopbackFetch, modernRequest, post } from './clients.ts';
import { type Issuer, startIssuer } from './issuer.ts';
import { exposedIn, IN_POSTGRES, mcpServer } from './manifests.ts';
import { incarnation, podsOf } from './pods.ts';
import { startPostgres } from './postgres.ts';
import { until } from './until.ts';
import { ingressUrl, read, untilCondition, useWorld } from './world.ts';

const world = useWorld('identity', 'pods', 'ingress', 'processes');
const servers: AsyncDisposable[] = [];
const SCOPES = 'mcp tasks:read tasks:write';
const CALL = { name: 'list_tasks', arguments: {} };
let issuer: Issuer;
let url: string;
let resource: string;
let before: string;

beforeAll(async () => {
  if (!world.possible) return;
  issuer = await startIssuer(world);
  servers.push(issuer, await startPostgres(world));
  const auth = { type: 'JWT', jwt: { issuer: issuer.url } };
  const spec = { ...IN_POSTGRES, ...exposedIn(world.namespace), replicas: 3, auth, rollout: { drain: '1s' } };
  await world.kube.apply(mcpServer('guarded', spec));
  const ready = await untilCondition(world, 'mcpservers', 'guarded', { type: 'Ready', status: 'True' }, 60_000);
  resource = ready.status?.url ?? '';
  url = await ingressUrl(world, 'guarded');
  before = incarnation(await podsOf(world, 'guarded'));
});
afterAll(async () => {
  for (const server of servers) await server[Symbol.asyncDispose]();
});

/** A token that is right, but for what is given. */
const token = (claims: Readonly<Record<string, unknown>> = {}): Promise<string> =>
  issuer.token({ sub: 'ada', aud: resource, scope: SCOPES, ...claims });

const bearing = (value: string) => ({ headers: { authorization: `Bearer ${value}` } });
const statusWith = async (value: string): Promise<number> =>
  (await post(url, 'tools/call', CALL, bearing(value))).status;

describe('a server that takes tokens of an issuer', () => {
  test('says without a token where tokens come from', async () => {
    const { headers, message } = modernRequest('tools/call', CALL);
    const answer = await loopbackFetch(url, { method: 'POST', headers, body: JSON.stringify(message) });
    expect(answer.status).toBe(401);
    const challenge = answer.headers.get('www-authenticate') ?? '';
    const [, metadata = ''] = /^Bearer .*resource_metadata="([^"]+)"/.exec(challenge) ?? [];
    const at = new URL(metadata);
    at.port = new URL(url).port;
    expect(await (await loopbackFetch(at)).json()).toMatchObject({ resource, authorization_servers: [issuer.url] });
  });

  test('serves clients of all kinds that bear one', async () => {
    const clients = [
      await connectModern(url, 'auto', await token()),
      await connectModern(url, 'legacy', await token()),
      await connectClassic(url, await token()),
    ];
    for (const client of clients)
      try {
        expect((await client.callTool('create_task', { title: `by ${client.name}` })).isError).toBe(false);
      } finally {
        await client.close();
      }
  });

  test('refuses one for somebody else, of somebody else, too old or too new', async () => {
    const now = Math.floor(Date.now() / 1000);
    const wrong = [
      { aud: 'http://other.example/mcp' },
      { aud: undefined },
      { iss: 'http://other.example' },
      { exp: now - 120 },
      { exp: undefined },
      { nbf: now + 3600 },
    ];
    const right = await token();
    expect(await statusWith(right)).toBe(200);
    for (const claims of wrong) expect([claims, await statusWith(await token(claims))]).toEqual([claims, 401]);
    const [head = '', body = '', mark = ''] = right.split('.');
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
    for (const forged of [`${none}.${body}.`, `${head}.${body}.${'A'.repeat(mark.length)}`, 'nonsense'])
      expect([forged, await statusWith(forged)]).toEqual([forged, 401]);
  });

  test('names the scope that is lacking', async () => {
    const { headers, message } = modernRequest('tools/call', CALL);
    for (const [scope, lacking] of [
      ['openid tasks:read', 'mcp'],
      ['mcp tasks:write', 'tasks:read'],
    ]) {
      const authorization = `Bearer ${await token({ scope })}`;
      const init = { method: 'POST', headers: { ...headers, authorization }, body: JSON.stringify(message) };
      const answer = await loopbackFetch(url, init);
      expect(answer.status).toBe(403);
      const challenge = answer.headers.get('www-authenticate') ?? '';
      expect(challenge).toContain('error="insufficient_scope"');
      expect(/scope="([^"]*)"/.exec(challenge)?.[1]?.split(' ')).toContain(lacking);
    }
  });

  test("follows the issuer's keys, and takes none that is not published", async () => {
    await issuer.useNewKey();
    const fresh = await token();
    await until('the new key at every pod', 40_000, async () => {
      const statuses = await Promise.all(Array.from({ length: 9 }, () => statusWith(fresh)));
      return statuses.every((status) => status === 200);
    });
    await issuer.useUnpublishedKey();
    expect(await statusWith(await token())).toBe(401);
  });
});

describe('a server that takes tokens of ServiceAccounts', () => {
  const AUDIENCE = 'mcp-fleet-e2e';
  beforeAll(async () => {
    if (!world.possible) return;
    const kubernetesServiceAccount = { audiences: [AUDIENCE], serviceAccounts: [{ name: 'welcome' }] };
    await world.kube.apply([
      ...['welcome', 'stranger'].map((name) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } })),
      mcpServer('inside', { auth: { type: 'KubernetesServiceAccount', kubernetesServiceAccount } }),
    ]);
    await untilCondition(world, 'mcpservers', 'inside', { type: 'Ready', status: 'True' }, 60_000);
  });

  /** HTTP status of a call that a pod makes with its own token. */
  async function statusFromPod(serviceAccountName: string, audience: string): Promise<number> {
    const { status } = await read(world, 'mcpservers', 'inside');
    const name = `caller-${serviceAccountName}-${audience}`;
    await world.kube.apply(caller(name, serviceAccountName, audience, status?.address ?? ''));
    await world.kube.wait(`pod/${name}`, 'jsonpath={.status.phase}=Succeeded');
    return Number(await world.kube.logs(name));
  }

  test.each([
    ['welcome', AUDIENCE, 200],
    ['welcome', 'somebody-else', 401],
    ['stranger', AUDIENCE, 403],
  ])('answers a pod of %s with a token for %s by %i', async (serviceAccount, audience, status) => {
    expect(await statusFromPod(serviceAccount, audience)).toBe(status);
  });
});

test('whoever called and was refused, no pod had to start again', async () => {
  expect(incarnation(await podsOf(world, 'guarded'))).toBe(before);
});

/** A pod that calls once, with the token that the kubelet gives it, and prints the status of the answer. */
function caller(name: string, serviceAccountName: string, audience: string, url: string): object {
  const { headers, message } = modernRequest('tools/call', CALL);
  const program = `
    const token = require('node:fs').readFileSync('/var/run/token/token', 'utf8');
    const headers = { ...${JSON.stringify(headers)}, authorization: 'Bearer ' + token };
    const body = ${JSON.stringify(JSON.stringify(message))};
    fetch(${JSON.stringify(url)}, { method: 'POST', headers, body }).then((answer) => console.log(answer.status));`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      serviceAccountName,
      restartPolicy: 'Never',
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'caller',
          image: 'mcpfleet.local/server:dev',
          command: ['/usr/local/bin/node', '-e', program],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          volumeMounts: [{ name: 'token', mountPath: '/var/run/token' }],
        },
      ],
      volumes: [{ name: 'token', projected: { sources: [{ serviceAccountToken: { audience, path: 'token' } }] } }],
    },
  };
}
