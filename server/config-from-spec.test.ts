import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type McpServerInput, parseMcpServer } from '#crds/mcpserver-status.ts';
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
  limits: { requestBody: '1.5Mi', callTimeout: '90s' },
  rollout: { drain: '5s', terminationGracePeriod: '120s' },
  telemetry: { logLevel: 'debug' },
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
    postgresUrlFile: '/home/me/url',
    keysDirectory: null,
    hosts: ['my-laptop'],
    listen: { host: '127.0.0.1', port: 0, healthPort: 0 },
  });
  expect(rendered).toMatchObject({
    mcp: { host: '127.0.0.1', port: 0 },
    health: { host: '127.0.0.1', port: 0 },
    backends: { source: 'Files', paths: ['models.yaml'] },
    storage: { type: 'Postgres', urlFile: '/home/me/url' },
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

test.each([
  ['1024', 1024],
  ['4Mi', 4_194_304],
  ['1.5Ki', 1536],
  ['2M', 2_000_000],
  ['1500m', 2],
])('%s is %i bytes', (quantity, expected) => {
  expect(bytes(quantity)).toBe(expected);
});
