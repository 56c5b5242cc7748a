import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { environmentEndpoint } from './environment.ts';
import { type LocalOptions, localServer } from './local-config.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-test-'));
  file = join(folder, 'servers.yaml');
});

const server = (name: string, more = ''): string => `apiVersion: mcpfleet.dev/v1alpha1
kind: McpServer
metadata: {name: ${name}}
spec:
  toolsets: [{name: tasks}]
${more}`;

const local = (options: Partial<LocalOptions> = {}) =>
  localServer({ files: [file], dataFolder: join(folder, 'data'), port: 0, healthPort: 0, ...options });

test('one McpServer becomes a server on loopback with its store in the data folder', async () => {
  await writeFile(file, server('one'));
  const { config, models } = await local();
  expect(config).toMatchObject({
    name: 'one',
    mcp: { host: '127.0.0.1', path: '/mcp' },
    health: { host: '127.0.0.1' },
    storage: { type: 'Embedded', path: join(folder, 'data', 'one.db') },
    backends: { source: 'None' },
    drainMs: 0,
  });
  expect(models).toContain('set LITELLM_PROXY_URL or OPENAI_BASE_URL');
  expect((await stat(join(folder, 'data'))).mode & 0o077).toBe(0);
});

test('without files there is a server for tasks', async () => {
  const { config } = await local({ files: [] });
  expect([config.name, config.toolsets.map(({ name }) => name)]).toEqual(['tasks', ['tasks']]);
});

describe('of several McpServers', () => {
  beforeEach(() => writeFile(file, `${server('one')}---\n${server('two')}`));

  test('--name chooses', async () => {
    expect((await local({ name: 'two' })).config.name).toBe('two');
  });
  test('none is chosen by chance', async () => {
    await expect(local()).rejects.toThrow('the files hold several McpServers: choose one with --name (one, two)');
    await expect(local({ name: 'six' })).rejects.toThrow(
      '--name six: there is no such McpServer in the files; there are one, two',
    );
  });
});

test('PostgreSQL needs a file with the URL', async () => {
  const storage = '  storage: {type: Postgres, postgres: {urlSecretRef: {name: db, key: url}}}\n';
  await writeFile(file, server('one', storage));
  await expect(local()).rejects.toThrow('give --postgres-url-file');
  const { config } = await local({ postgresUrlFile: '/url' });
  expect(config.storage).toEqual({ type: 'Postgres', urlFile: '/url', poolSize: 20 });
});

describe('tokens', () => {
  const jwt = '  auth: {type: JWT, jwt: {issuer: "https://id.example.com"}}\n';
  const builtIn =
    '  auth: {type: BuiltIn, builtIn: {signingKeySecretRef: {name: s, key: k}, bootstrapAdminSecretRef: {name: s, key: a}}}\n';

  test('of an issuer are made for the URL on this machine', async () => {
    await writeFile(file, server('one', jwt));
    const { config } = await local({ port: 4321 });
    expect(config.auth).toMatchObject({ type: 'JWT', audiences: ['http://127.0.0.1:4321/mcp'] });
    expect(config.mcp.publicUrl).toBe('http://127.0.0.1:4321/mcp');
  });

  test('that the server issues need the files of its Secrets', async () => {
    await writeFile(file, server('one', builtIn));
    await expect(local()).rejects.toThrow('one: spec.auth.type is BuiltIn: give --secrets');
    const { config } = await local({ secretsDirectory: '/secrets' });
    expect(config.auth).toMatchObject({ signingKeyFile: '/secrets/s/k', bootstrapAdminFile: '/secrets/s/a' });
  });

  test('of a cluster are refused, and over stdio nobody is asked for one', async () => {
    await writeFile(file, server('one', '  auth: {type: KubernetesServiceAccount}\n'));
    await expect(local()).rejects.toThrow('works within a cluster only');
    expect((await local({ stdio: true })).config.auth).toEqual({ type: 'None' });
  });
});

test('Redis is used where its URL is given, and not missed', async () => {
  await writeFile(file, server('one', '  redis: {urlSecretRef: {name: redis, key: url}}\n'));
  expect((await local()).config.redis).toBeUndefined();
  expect((await local({ secretsDirectory: '/secrets' })).config.redis).toEqual({ urlFile: '/secrets/redis/url' });
});

test('skills need a folder', async () => {
  await writeFile(file, server('one', '  skills: [{name: review, configMap: {name: review}}]\n'));
  await expect(local()).rejects.toThrow('spec.skills: give --skills');
  expect((await local({ skillsDirectory: '/skills' })).config.skillsDirectory).toBe('/skills');
});

describe('a model endpoint of the environment', () => {
  test('becomes a backend, tried last on every route; the key is in no file', async () => {
    const models = createServer((request, response) => {
      const known = request.url === '/v1/models' && request.headers.authorization === 'Bearer sk-secret';
      response.end(JSON.stringify({ data: known ? [{ id: 'my-model' }] : [] }));
    });
    await new Promise<void>((resolve) => models.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(models.address() as AddressInfo).port}`;
    const route = '  inference: {routes: [{name: chat, targets: [{backend: tiny, model: tiny}]}]}\n';
    await writeFile(file, server('one', route));
    const endpoint = environmentEndpoint({ LITELLM_PROXY_URL: `${url}/v1/`, LITELLM_API_KEY: 'sk-secret' });
    const { config, models: told } = await local({ endpoint });
    models.close();
    expect(config.routes[0]?.targets).toEqual([
      { backend: 'tiny', model: 'tiny', priority: 0 },
      { backend: 'environment', model: 'my-model', priority: 9 },
    ]);
    expect(told).toBe(`${url} from LITELLM_PROXY_URL (model my-model)`);
    const [path = ''] = config.backends.source === 'Files' ? config.backends.paths : [];
    const text = await readFile(path, 'utf8');
    expect(text).toContain(url);
    expect(text).not.toContain('sk-secret');
  });

  test('that does not answer is said, and the named model is used anyway', async () => {
    const silent = { LITELLM_PROXY_URL: 'http://127.0.0.1:1' };
    const without = await local({ files: [], endpoint: environmentEndpoint(silent) });
    expect(without.models).toContain('lists no models now');
    const named = await local({ files: [], endpoint: environmentEndpoint({ ...silent, LITELLM_MODEL: 'm1' }) });
    expect(named.config.routes).toMatchObject([
      { name: 'default', targets: [{ backend: 'environment', model: 'm1' }] },
    ]);
  });

  test('is LiteLLM before OpenAI, and a bad URL is said by its variable', async () => {
    expect(environmentEndpoint({ OPENAI_BASE_URL: 'https://a/v1', LITELLM_PROXY_URL: 'http://b' })?.variable).toBe(
      'LITELLM_PROXY_URL',
    );
    expect(environmentEndpoint({ OPENAI_BASE_URL: 'https://a/v1', OPENAI_API_KEY: 'k' })).toEqual({
      variable: 'OPENAI_BASE_URL',
      url: 'https://a',
      key: 'k',
    });
    expect(environmentEndpoint({ OPENAI_API_KEY: 'k' })).toBeUndefined();
    await expect(local({ files: [], endpoint: environmentEndpoint({ OPENAI_BASE_URL: 'ftp://a' }) })).rejects.toThrow(
      'OPENAI_BASE_URL: ',
    );
  });
});
