/**
 * `node compile-server.ts FOLDER FILE` starts the server that is bundled in the folder, asks it what first clients ask, and
 * writes the code that V8 compiled for that into the file. Run when an image is built, with the flags of the image.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadProgram } from './load-program.ts';

const [folder = '', file = ''] = process.argv.slice(2);
const REVISION = '2026-07-28';
const OLDER = '2025-11-25';
const client = { name: 'image builder', version: '1' };

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

async function ask(url: string, method: string, params: Readonly<Record<string, unknown>>, name = ''): Promise<void> {
  const modern = {
    'io.modelcontextprotocol/protocolVersion': REVISION,
    'io.modelcontextprotocol/clientInfo': client,
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...(method === 'initialize' ? {} : { 'mcp-protocol-version': REVISION, 'mcp-method': method }),
    ...(name === '' ? {} : { 'mcp-name': name }),
  };
  const body = {
    jsonrpc: '2.0',
    id: 1,
    method,
    params: method === 'initialize' ? params : { ...params, _meta: modern },
  };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok || !text.includes('"result"')) throw new Error(`${method}: ${response.status} ${text}`);
}

async function ready(url: string): Promise<void> {
  while (!(await fetch(url).catch(() => undefined))?.ok) await sleep(5);
}

const data = mkdtempSync(join(tmpdir(), 'mcp-fleet-image-'));
try {
  const [port, healthPort] = [await freePort(), await freePort()];
  const config = {
    name: 'image',
    mcp: { host: '127.0.0.1', port },
    health: { host: '127.0.0.1', port: healthPort },
    toolsets: [{ name: 'tasks' }],
    storage: { type: 'Embedded', path: join(data, 'server.db') },
  };
  const configFile = join(data, 'server.yaml');
  writeFileSync(configFile, JSON.stringify(config));
  process.argv = [process.execPath, join(folder, 'main.mjs'), '--config', configFile];
  const { script, entries } = loadProgram(folder);
  entries['main']?.();
  await ready(`http://127.0.0.1:${healthPort}/readyz`);
  const url = `http://127.0.0.1:${port}/mcp`;
  await ask(url, 'server/discover', {});
  await ask(url, 'tools/list', {});
  await ask(url, 'tools/call', { name: 'list_tasks', arguments: {} }, 'list_tasks');
  await ask(url, 'initialize', { protocolVersion: OLDER, capabilities: {}, clientInfo: client });
  writeFileSync(file, script.createCachedData());
} finally {
  rmSync(data, { recursive: true, force: true });
}
process.exit();
