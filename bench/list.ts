/**
 * The answers that every client asks for first – what tools there are, and what the server is – beside a node:http
 * server that reads the request and writes the same bytes from memory.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Definitions, median, type Report, report, type Sample } from './figures.ts';
import { openArena } from './http/arena.ts';
import { type Contender, contest, type Results } from './http/contest.ts';
import { messageOf, modern, post } from './http/requests.ts';
import type { ServerProcess } from './http/servers.ts';
import type { LoadRequest } from './http/wrk.ts';

export const listFigures: Definitions = {
  list_vs_noop: {
    unit: 'ratio',
    bar: { atLeast: 0.9 },
    measures: 'tools/list of 50 tools a second, over a server that writes the same bytes',
  },
  discover_vs_noop: { unit: 'ratio', bar: { atLeast: 0.9 }, measures: 'server/discover, the same way' },
};

const TOOLS = 50;
const METHODS = { list: 'tools/list', discover: 'server/discover' } as const;

export async function list(rounds: number, progress: (line: string) => void): Promise<Report> {
  await using arena = await openArena(progress);
  const answers = mkdtempSync(join(tmpdir(), 'mcp-fleet-answers-'));
  try {
    const ours = await arena.subject({ tools: TOOLS });
    const sdk2 = await arena.peer('sdk2', TOOLS);
    const contenders: Contender[] = [];
    for (const [kind, method] of Object.entries(METHODS)) {
      const request = modern(method, {}, arena.token);
      const answer = await answerOf(ours.url, request);
      const file = join(answers, `${kind}.json`);
      writeFileSync(file, answer);
      const noop = await arena.ceiling('fixed', file);
      contenders.push(contender(`${kind}-noop`, noop, request), contender(kind, ours, request));
      contenders.push(contender(`${kind}-sdk2`, sdk2, request));
      progress(`${method} answers ${Buffer.byteLength(answer)} bytes`);
    }
    const options = { rounds, seconds: 3, warmSeconds: 6, connections: 32, progress };
    const results = await contest(contenders, options);
    const samples = { list_vs_noop: sample(results, 'list'), discover_vs_noop: sample(results, 'discover') };
    return { ...report('list', rounds, listFigures, samples), measured: Object.fromEntries(results) };
  } finally {
    rmSync(answers, { recursive: true, force: true });
  }
}

async function answerOf(url: string, request: LoadRequest): Promise<string> {
  const response = await post(url, request);
  const text = await response.text();
  if (!response.ok) throw new Error(`answer ${response.status}: ${text.slice(0, 300)}`);
  return text;
}

function contender(name: string, { pid, url, lastWords }: ServerProcess, request: LoadRequest): Contender {
  const check = async (): Promise<void> => {
    const { result } = (await messageOf(await post(url, request))) as {
      result?: { tools?: unknown[]; ttlMs?: number };
    };
    const right = name.startsWith('list') ? result?.tools?.length === TOOLS : result?.ttlMs !== undefined;
    if (!right) throw new Error(`${name}: not the answer: ${JSON.stringify(result).slice(0, 300)}`);
  };
  return { name, pid, url, requests: [request], check, lastWords };
}

function sample(results: Results, kind: keyof typeof METHODS): Sample {
  const rates = (name: string): number[] => (results.get(name) ?? []).map((m) => m.perSecond);
  const ratios = (name: string): number[] => {
    const noop = rates(`${kind}-noop`);
    return rates(name).map((rate, round) => rate / (noop[round] ?? Number.NaN));
  };
  return {
    rounds: ratios(kind),
    ceiling: 1,
    peer: { sdk2: Number(median(ratios(`${kind}-sdk2`)).toFixed(3)) },
    note: `${median(rates(kind)).toFixed(0)} a second; the same bytes from memory: ${median(rates(`${kind}-noop`)).toFixed(0)}`,
  };
}
