/**
 * How long a server takes from its start to its first answer, and what it holds when
 * idle: the bundle that the image runs, as its own process, over loopback. A bare
 * node:http server in the same rounds is the ceiling.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { environment, images } from '../images/images.ts';
import { type Definitions, type Report, report, type Sample } from './figures.ts';

export const startFigures: Definitions = {
  first_answer_ms: { unit: 'ms', bar: { atMost: 250 }, measures: 'process start to the first tools/list answer' },
  idle_rss_mb: { unit: 'MB', bar: { atMost: 90 }, measures: 'resident memory 2 s after that answer' },
};

const BARE = `require('node:http').createServer((q, r) => r.end('{}')).listen(Number(process.argv[1]), '127.0.0.1')`;

export async function start(rounds: number, progress: (line: string) => void): Promise<Report> {
  const bundle = join(import.meta.dirname, '../dist/bundles/server/main.mjs');
  if (!existsSync(bundle)) throw new Error('dist/bundles/server/main.mjs is missing: run npm run build first');
  const ours: Run[] = [];
  const bare: Run[] = [];
  await once(['-e', BARE], '/', undefined);
  await server(bundle);
  for (let round = 1; round <= rounds; round++) {
    bare.push(await once(['-e', BARE], '/', undefined));
    ours.push(await server(bundle));
    progress(`round ${round}: ${ours.at(-1)?.answerMs.toFixed(0)} ms, ${ours.at(-1)?.rssMb.toFixed(0)} MB`);
  }
  const sample = (pick: (run: Run) => number): Sample => ({
    rounds: ours.map(pick),
    ceiling: Math.min(...bare.map(pick)),
    note: 'ceiling: a bare node:http server',
  });
  return report('start', rounds, startFigures, {
    first_answer_ms: sample((r) => r.answerMs),
    idle_rss_mb: sample((r) => r.rssMb),
  });
}

interface Run {
  readonly answerMs: number;
  readonly rssMb: number;
}

const LIST = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/list',
  params: {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
};

async function server(bundle: string): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-fleet-start-'));
  try {
    const port = await freePort();
    const config = {
      name: 'bench',
      mcp: { host: '127.0.0.1', port },
      health: { host: '127.0.0.1', port: 0 },
      toolsets: [{ name: 'tasks' }],
      storage: { type: 'Embedded', path: join(folder, 'server.db') },
    };
    writeFileSync(join(folder, 'server.yaml'), stringify(config));
    return await once([...images.server.flags, bundle, '--config', join(folder, 'server.yaml')], '/mcp', LIST, port);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function once(args: readonly string[], path: string, body: unknown, known?: number): Promise<Run> {
  const port = known ?? (await freePort());
  const began = performance.now();
  const child = spawn(process.execPath, known === undefined ? [...args, String(port)] : args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...environment,
      PATH: process.env['PATH'] ?? '',
      NODE_COMPILE_CACHE: join(tmpdir(), 'mcp-fleet-compile-cache'),
    },
  });
  try {
    while (!(await answered(`http://127.0.0.1:${port}${path}`, body))) {
      if (child.exitCode !== null) throw new Error(`the server ended with code ${child.exitCode} before it answered`);
      if (performance.now() - began > 20_000) throw new Error('no answer within 20 s');
      await sleep(2);
    }
    const answerMs = performance.now() - began;
    await sleep(2000);
    const rssKb = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]);
    return { answerMs, rssMb: rssKb / 1024 };
  } finally {
    child.kill('SIGKILL');
  }
}

async function answered(url: string, body: unknown): Promise<boolean> {
  const init: RequestInit =
    body === undefined
      ? {}
      : {
          method: 'POST',
          body: JSON.stringify(body),
          headers: {
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            'mcp-protocol-version': '2026-07-28',
            'mcp-method': 'tools/list',
          },
        };
  const response = await fetch(url, init).catch(() => undefined);
  if (!response) return false;
  const text = await response.text();
  if (!response.ok || (body !== undefined && !text.includes('"tools"')))
    throw new Error(`unexpected answer ${response.status}: ${text.slice(0, 200)}`);
  return true;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
