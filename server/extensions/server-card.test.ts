import { expect, test } from 'vitest';
import { startTestApp } from '../app.testing.ts';
import { serverConfig } from '../config.ts';
import { serverCard } from './server-card.ts';

const config = (publicUrl?: string, auth: object = { type: 'None' }) =>
  serverConfig.parse({
    name: 'team assistant',
    mcp: { publicUrl },
    toolsets: [{ name: 'tasks' }, { name: 'fleet' }],
    storage: { type: 'Embedded', path: ':memory:' },
    auth,
  });

test('a card says where the server is, which revisions it speaks, and that it wants a token', () => {
  const issuer = { type: 'JWT', issuer: 'https://issuer.example' };
  const card = serverCard(config('https://mcp.acme.example/team/mcp', issuer), '1.2.3');
  expect(JSON.parse(card ?? '')).toEqual({
    $schema: 'https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json',
    name: 'example.acme.mcp/team-assistant',
    version: '1.2.3',
    description: 'The MCP server team assistant',
    remotes: [
      {
        type: 'streamable-http',
        url: 'https://mcp.acme.example/team/mcp',
        headers: [expect.objectContaining({ name: 'Authorization', isRequired: true, isSecret: true })],
        supportedProtocolVersions: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'],
      },
    ],
  });
  // Its toolsets are for those who may call it.
  expect(card).not.toMatch(/tasks|fleet/);
  expect(serverCard(config('https://a.example/mcp'), '1.2.3')).not.toContain('headers');
});

test.each(['http://127.0.0.1:8080/mcp', 'http://[::1]:8080/mcp', 'https://a.example/mcp'])(
  'the name of a server at %s has the form that the schema wants',
  (url) => {
    const { name } = JSON.parse(serverCard(config(url), '1.2.3') ?? '') as { name: string };
    expect(name).toMatch(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/);
  },
);

test('anybody may fetch the card below the endpoint, where the public URL is known', async () => {
  const app = await startTestApp({
    mcp: { publicUrl: 'https://mcp.acme.example/mcp' },
    auth: { type: 'JWT', issuer: 'https://issuer.invalid', jwksUri: 'https://issuer.invalid/keys' },
  });
  const response = await fetch(`${app.url}/server-card`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/mcp-server-card+json');
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  expect(await response.json()).toMatchObject({ version: '1.2.3' });
  expect((await fetch(`${app.url}/server-card`, { method: 'POST' })).status).toBe(405);
  await app.close();
});

test('a server that does not know its public URL has no card', async () => {
  const app = await startTestApp();
  expect((await fetch(`${app.url}/server-card`)).status).toBe(404);
  await app.close();
});
