/** That the server starts over stdio with the arguments that `server.json` gives it after the name of the image. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Argument {
  readonly type: string;
  readonly name?: string;
  readonly value: string;
}

const root = join(import.meta.dirname, '..');

test('the arguments of server.json start a server that answers over stdio', async () => {
  const { packages } = JSON.parse(readFileSync(join(root, 'server.json'), 'utf8')) as {
    packages: [{ packageArguments: readonly Argument[] }];
  };
  const folder = mkdtempSync(join(tmpdir(), 'registry-entry-'));
  const here: Readonly<Record<string, string>> = {
    '/app/stdio.mjs': join(root, 'server/stdio.ts'),
    '/manifests': join(root, 'manifests/samples'),
    '/tmp/mcp-fleet.db': join(folder, 'store.db'),
  };
  const args = packages[0].packageArguments.map(({ type, name, value }) => {
    const found = here[value];
    if (found === undefined) throw new Error(`${value} is no place that this test knows`);
    return type === 'named' ? `${name}=${found}` : found;
  });
  const server = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'me', version: '1' } };
  server.stdin.end(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`);
  let said = '';
  for await (const chunk of server.stdout.setEncoding('utf8')) said += String(chunk);
  rmSync(folder, { recursive: true });
  expect(JSON.parse(said)).toMatchObject({ id: 1, result: { serverInfo: { name: 'assistant' } } });
});
