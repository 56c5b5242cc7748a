/**
 * How long a server takes from its start to its first answer, and what it holds when idle: the bundle that the image
 * runs with the image's flags, as its own process, over loopback. A bare node:http server is the ceiling, other MCP
 * servers the peers, all in the same rounds.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '#e2e/cluster/ports.ts';
import { bundleImage, environment, nodeFlags } from '../images/images.ts';
import { type Definitions, median, type Report, report, type Sample } from './figures.ts';
import { installPeers } from './http/peers.ts';
import { pinned, pinSelf } from './http/processors.ts';
import { legacy, modern, post } from './http/requests.ts';
import { usageOf } from './http/usage.ts';
import type { LoadRequest } from './http/wrk.ts';

export const startFigures: Definitions = {
  first_answer_ms: { unit: 'ms', bar: { atMost: 150 }, measures: 'process start to the first tools/list answer' },
  idle_rss_mb: { unit: 'MB', bar: { atMost: 70 }, measures: 'resident memory 2 s after that answer' },
};

const OUT = join(import.meta.dirname, '../dist/bench');
const LIMIT_MS = 20_000;
const IDLE_MS = 2_000;
const BARE = `require('node:http').createServer((q, r) => r.end('{"result":{"tools":[]}}')).listen(Number(process.argv[1]), '127.0.0.1')`;

interface Run {
  readonly answerMs: number;
  readonly rssMb: number;
}

type Once = () => Promise<Run>;

export async function start(rounds: number, progress: (line: string) => void): Promise<Report> {
  progress('bundling the server as its image does');
  await bundleImage('server', OUT);
  const bundle = join(OUT, 'bundles/server/main.mjs');
  const peers = await installPeers(progress);
  await pinSelf();
  const list = modern('tools/list');
  const older = legacy('tools/list', {});
  const starts: Readonly<Record<string, Once>> = {
    bare: () => once(['-e', BARE], list),
    ours: () => ours(bundle, list),
    sdk2: () => once([join(peers, 'sdk2.mjs')], list),
    sdk1: () => once([join(peers, 'sdk1.mjs')], older),
    fastmcp: () => once([join(peers, 'fastmcp.mjs')], older),
  };
  const runs = new Map<string, Run[]>(Object.keys(starts).map((name) => [name, []]));
  // The first start of each fills caches, as the first start of a container on its node does.
  for (let round = 0; round <= rounds; round += 1)
    for (const [name, begin] of Object.entries(starts)) {
      const run = await begin();
      progress(
        `${round === 0 ? 'warm' : `round ${round}`}: ${name} ${run.answerMs.toFixed(0)} ms, ${run.rssMb.toFixed(0)} MB`,
      );
      if (round > 0) runs.get(name)?.push(run);
    }
  const of = (name: string, pick: (run: Run) => number): number[] => (runs.get(name) ?? []).map(pick);
  const sample = (pick: (run: Run) => number): Sample => ({
    rounds: of('ours', pick),
    ceiling: Math.min(...of('bare', pick)),
    peer: Object.fromEntries(['sdk2', 'sdk1', 'fastmcp'].map((name) => [name, Math.round(median(of(name, pick)))])),
    note: 'ceiling: a bare node:http server',
  });
  return report('start', rounds, startFigures, {
    first_answer_ms: sample((run) => run.answerMs),
    idle_rss_mb: sample((run) => run.rssMb),
  });
}

async function ours(bundle: string, list: LoadRequest): Promise<Run> {
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
    writeFileSync(join(folder, 'server.yaml'), JSON.stringify(config, undefined, 2));
    return await once([...nodeFlags('server'), bundle, '--config', join(folder, 'server.yaml')], list, port);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function once(args: readonly string[], list: LoadRequest, known?: number): Promise<Run> {
  const port = known ?? (await freePort());
  const url = `http://127.0.0.1:${port}/mcp`;
  const [program = '', ...rest] = pinned('server', [
    process.execPath,
    ...args,
    ...(known === undefined ? [String(port)] : []),
  ]);
  const began = performance.now();
  const child = spawn(program, rest, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...environment,
      PATH: process.env['PATH'] ?? '',
      NODE_COMPILE_CACHE: join(tmpdir(), 'mcp-fleet-compile-cache'),
    },
  });
  try {
    await untilAnswered(child, url, list, began);
    const answerMs = performance.now() - began;
    await sleep(IDLE_MS);
    return { answerMs, rssMb: usageOf(child.pid ?? 0).rssMb };
  } finally {
    child.kill('SIGKILL');
  }
}

async function untilAnswered(child: ChildProcess, url: string, list: LoadRequest, began: number): Promise<void> {
  for (;;) {
    const response = await post(url, list).catch(() => undefined);
    if (response) {
      const text = await response.text();
      if (response.ok && text.includes('"tools"')) return;
      throw new Error(`unexpected answer ${response.status}: ${text.slice(0, 200)}`);
    }
    if (child.exitCode !== null) throw new Error(`the server ended with code ${child.exitCode} before it answered`);
    if (performance.now() - began > LIMIT_MS) throw new Error('no answer in time');
    await sleep(2);
  }
}
