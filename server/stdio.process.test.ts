/**
 * The server as a child process of the official clients, with the real task tools and a store on disk.
 */
import { Client as ClientV2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as StdioV2 } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { describe, expect, test } from 'vitest';
import { entry, environment, run } from './local/child.testing.ts';

const identity = { name: 'test-client', version: '1.0.0' };
const program = () => ({
  command: process.execPath,
  args: [entry('stdio')],
  env: environment(),
  stderr: 'ignore' as const,
});

const clients = {
  '1.x': async () => {
    const client = new ClientV1(identity);
    await client.connect(new StdioV1(program()));
    return client;
  },
  '2.x, automatic': async () => {
    const client = new ClientV2(identity, { versionNegotiation: { mode: 'auto' } });
    await client.connect(new StdioV2(program()));
    return client;
  },
  '2.x, legacy': async () => {
    const client = new ClientV2(identity, { versionNegotiation: { mode: 'legacy' } });
    await client.connect(new StdioV2(program()));
    return client;
  },
};

describe.each(Object.entries(clients))('over stdio a client %s', (_name, connect) => {
  test('creates a task, reads it as a resource, and is told about mistakes', { timeout: 30_000 }, async () => {
    const client = await connect();
    expect(client.getServerVersion()?.name).toBe('tasks');
    const created = await client.callTool({ name: 'create_task', arguments: { title: 'Write the report' } });
    expect(created.structuredContent).toMatchObject({ success: true, task: { id: 'TASK-0001' } });
    const { contents } = await client.readResource({ uri: 'tasks://TASK-0001' });
    expect(JSON.stringify(contents)).toContain('Write the report');
    const wrong = await client.callTool({ name: 'create_task', arguments: { name: 'x' } });
    expect(JSON.stringify(wrong.content)).toContain('title is required');
    await client.close();
  });
});

test('nothing but the protocol is on stdout, and the process ends with its client', { timeout: 30_000 }, async () => {
  const child = run('stdio', []);
  const send = (message: object): void =>
    void child.process.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const initialize = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: identity };
  send({ id: 1, method: 'initialize', params: initialize });
  send({ method: 'notifications/initialized' });
  send({ id: 2, method: 'tools/call', params: { name: 'nope', arguments: {} } });
  send({ id: 3, method: 'tools/call', params: { name: 'list_tasks', arguments: {} } });
  child.process.stdin.write('this is not JSON\n');
  send({ id: 4, method: 'tools/list' });
  await expect.poll(() => child.stdout(), { timeout: 20_000 }).toContain('"id":4');
  child.process.stdin.end();
  expect(await child.ended).toBe(0);
  const lines = child
    .stdout()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { jsonrpc: string; id: number });
  expect(lines.map(({ jsonrpc }) => jsonrpc)).toEqual(lines.map(() => '2.0'));
  // The line that is not JSON is answered without an id.
  expect(lines.map(({ id }) => id).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, undefined]);
  expect(child.stderr()).toMatch(/^tasks \d+\.\d+\.\d+: stdio; toolsets: tasks; models: none: /m);
});

test('SIGTERM ends it', { timeout: 30_000 }, async () => {
  const child = run('stdio', []);
  await expect.poll(() => child.stderr(), { timeout: 20_000 }).toContain('stdio; toolsets');
  child.process.kill('SIGTERM');
  expect(await child.ended).toBe(0);
});
