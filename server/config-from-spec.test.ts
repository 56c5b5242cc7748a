import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { milliseconds } from '#crds/duration.ts';
import { STOP_MARGIN } from '#crds/mcpserver.ts';
import { type McpServerInput, parseMcpServer } from '#crds/mcpserver-status.ts';
import { STOP_MARGIN_MS } from './app.ts';
import { serverConfig } from './config.ts';
import { bytes, publicUrl, renderServerConfig } from './config-from-spec.ts';

const server = (spec: Partial<McpServerInput['spec']> = {}) =>
  parseMcpServer({
    apiVersion: 'mcpfleet.dev/v1alpha1',
    kind: 'McpServer',
    metadata: { name: 'assistant', namespace: 'team-a' },
    spec: { toolsets: [{ name: 'tasks' }], ...spec },
  });

const everything = server({
  toolsets: [{ name: 'tasks', config: { route: 'chat' } }],
  backends: { selector: { matchLabels: { tier: 'gold' } } },
  inference: { routes: [{ name: 'chat', targets: [{ backend: 'llama', model: 'llama-3' }], deadline: '1m30s' }] },
  replicas: 3,
  storage: { type: 'Postgres', postgres: { urlSecretRef: { name: 'db', key: 'url' }, poolSize: 5 } },
  exposure: {
    type: 'Ingress',
    host: 'mcp.example.com',
    path: '/v1/mcp',
    ingress: { tlsSecretName: 'tls' },
    allowedOrigins: ['https://app.example.com'],
  },
  redis: { urlSecretRef: { name: 'redis', key: 'url' } },
  skills: [{ name: 'review', configMap: { name: 'review' } }],
  auth: {
    type: 'BuiltIn',
    builtIn: {
      signingKeySecretRef: { name: 'tokens', key: 'signing' },
      bootstrapAdminSecretRef: { name: 'tokens', key: 'admin' },
    },
  },
  limits: {
    requestBody: '1.5Mi',
    callTimeout: '90s',
    maxInFlight: 64,
    requestsPerMinutePerCaller: 600,
    maxSessions: 10,
    maxSubscriptions: 20,
  },
  rollout: { drain: '5s', terminationGracePeriod: '120s' },
  telemetry: { logLevel: 'debug', auditLog: false },
});

test('the least McpServer gives a configuration that the server accepts', async () => {
  const rendered = renderServerConfig(server());
  expect(serverConfig.safeParse(rendered).error).toBeUndefined();
  await expect(stringify(rendered)).toMatchFileSnapshot('./golden/minimal.yaml');
});

test('every field that a server acts on arrives, in milliseconds and bytes', async () => {
  const rendered = renderServerConfig(everything);
  expect(serverConfig.safeParse(rendered).error).toBeUndefined();
  await expect(stringify(rendered)).toMatchFileSnapshot('./golden/everything.yaml');
});

test('a place without a cluster takes other backends, files and addresses', () => {
  const rendered = renderServerConfig(everything, {
    backends: { source: 'Files', paths: ['models.yaml'] },
    secretsDirectory: '/home/me/secrets',
    keysDirectory: null,
    hosts: ['my-laptop'],
    listen: { host: '127.0.0.1', port: 0, healthPort: 0 },
  });
  expect(rendered).toMatchObject({
    mcp: { host: '127.0.0.1', port: 0 },
    health: { host: '127.0.0.1', port: 0 },
    backends: { source: 'Files', paths: ['models.yaml'] },
    storage: { type: 'Postgres', urlFile: '/home/me/secrets/db/url' },
    redis: { urlFile: '/home/me/secrets/redis/url' },
    auth: {
      signingKeyFile: '/home/me/secrets/tokens/signing',
      bootstrapAdminFile: '/home/me/secrets/tokens/admin',
    },
  });
  expect(rendered.mcp?.allowedHosts).toContain('my-laptop');
  expect(rendered).not.toHaveProperty('keysDirectory');
});

describe('the public URL', () => {
  test.each([
    [{}, undefined],
    [{ type: 'Ingress', host: 'a.example' }, 'http://a.example/mcp'],
    [{ type: 'Ingress', host: 'a.example', ingress: { tlsSecretName: 'tls' } }, 'https://a.example/mcp'],
    [{ publicUrl: 'https://gate.example/x' }, 'https://gate.example/x'],
  ] as const)('of %j is %s', (exposure, url) => {
    expect(publicUrl(server({ exposure }).spec)).toBe(url);
  });

  test('that differs from the host is served too', () => {
    const rendered = renderServerConfig(server({ exposure: { publicUrl: 'https://gate.example:8443/x' } }));
    expect(rendered.mcp?.allowedHosts).toContain('gate.example');
  });
});

describe('tokens', () => {
  const jwt = { type: 'JWT', jwt: { issuer: 'https://id.example.com' } } as const;
  const HERE = 'http://assistant.team-a.svc.cluster.local/mcp';
  const authOf = (spec: Partial<McpServerInput['spec']>) => {
    const rendered = renderServerConfig(server(spec));
    expect(serverConfig.safeParse(rendered).error).toBeUndefined();
    return { ...rendered.auth, resource: rendered.mcp?.publicUrl };
  };

  test.each([
    [{}, HERE],
    [{ publicUrl: 'https://gate.example/x' }, 'https://gate.example/x'],
  ] as const)('of an issuer, with %j, are made for %s', (exposure, url) => {
    expect(authOf({ auth: jwt, exposure })).toEqual({
      type: 'JWT',
      issuer: 'https://id.example.com',
      audiences: [url],
      requiredScopes: ['mcp'],
      rolesClaim: 'roles',
      resource: url,
    });
  });

  test('may be made for another audience', () => {
    const auth = { ...jwt, jwt: { ...jwt.jwt, audiences: ['a', 'b'], jwksUri: 'https://id.example.com/keys' } };
    expect(authOf({ auth })).toMatchObject({
      audiences: ['a', 'b'],
      jwksUri: 'https://id.example.com/keys',
      resource: HERE,
    });
  });

  test("of ServiceAccounts are taken from the server's own namespace, or from those that are named", () => {
    const type = 'KubernetesServiceAccount';
    expect(authOf({ auth: { type } })).toEqual({
      type,
      audiences: [HERE],
      serviceAccounts: ['team-a:*'],
      resource: HERE,
    });
    const serviceAccounts = [{ name: 'agent' }, { namespace: 'b' }, { namespace: '*', name: 'ci' }];
    expect(authOf({ auth: { type, kubernetesServiceAccount: { serviceAccounts } } })).toMatchObject({
      serviceAccounts: ['team-a:agent', 'b:*', '*:ci'],
    });
    const verification = 'TokenReview';
    expect(authOf({ auth: { type, kubernetesServiceAccount: { verification } } })).toMatchObject({ verification });
  });
});

test.each([
  ['1024', 1024],
  ['4Mi', 4_194_304],
  ['1.5Ki', 1536],
  ['2M', 2_000_000],
  ['1500m', 2],
])('%s is %i bytes', (quantity, expected) => {
  expect(bytes(quantity)).toBe(expected);
});

test('the time that the API asks for a stop is the time that a server takes', () => {
  expect(milliseconds(STOP_MARGIN)).toBe(STOP_MARGIN_MS);
});
