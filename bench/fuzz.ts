/**
 * Hostile and broken requests of every revision against one server: it must not crash, answer with 5xx, show its
 * insides, stand still or grow. A batch of inputs follows from its seed; seeds that found something are kept and run
 * first.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Definitions, type Report, report } from './figures.ts';
import { type Lane, type Outcome, openLane, type Sent, statusesOf } from './fuzz/exchange.ts';
import { inputs, SESSION } from './fuzz/inputs.ts';
import type { KnownTool } from './fuzz/messages.ts';
import { bundleSubject, type Subject, startSubject } from './http/product.ts';
import { expectEcho, messageOf, modern, modernCall, openSession, post } from './http/requests.ts';

export const fuzzFigures: Definitions = {
  crashes: { unit: 'crashes', bar: { atMost: 0 }, measures: 'ends of the process, or no right answer to a right call' },
  server_errors: {
    unit: 'answers',
    bar: { atMost: 0 },
    measures: '5xx, internal errors, and answers with stack traces',
  },
  longest_stall_ms: { unit: 'ms', bar: { atMost: 100 }, measures: 'processor time without a turn of the event loop' },
  rss_growth_mb: {
    unit: 'MB',
    bar: { atMost: 48 },
    measures: 'of resident memory, from a third of the inputs to their end',
  },
  inputs: { unit: 'inputs', bar: { none: true }, measures: 'sent' },
};

const SEEDS = join(import.meta.dirname, 'fuzz/seeds');
const BATCH = 200;
const LANES = 16;
const LIMITS = { requestBodyBytes: 64 * 1024, callTimeoutMs: 1_000, maxSessions: 50, maxSubscriptions: 50 };

interface Finding {
  readonly seed: number;
  readonly kind: 'crash' | 'answer' | 'stall';
  readonly found: string;
}

export interface FuzzOptions {
  readonly inputs: number;
  /** Of the first batch; the next has the next number. */
  readonly seed: number;
  readonly progress: (line: string) => void;
}

export async function fuzz({ inputs: total, seed, progress }: FuzzOptions): Promise<Report> {
  const folder = await bundleSubject();
  const start = (): Promise<Subject> =>
    startSubject(folder, { tools: 1, toolsets: ['everything', 'tasks'], limits: LIMITS });
  mkdirSync(SEEDS, { recursive: true });
  const kept = readdirSync(SEEDS).map((name) => Number.parseInt(name, 10));
  const batches = Math.ceil(total / BATCH);
  const seeds = [...kept, ...Array.from({ length: batches }, (_, at) => seed + at)];
  progress(`${seeds.length} batches of ${BATCH}: ${kept.length} kept seeds, then from --seed ${seed}`);
  const findings: Finding[] = [];
  let server = await start();
  let longestMs = 0;
  let warmMb = 0;
  let rssMb = 0;
  try {
    let tools = await toolsOf(server);
    await server.state();
    for (const [at, current] of seeds.entries()) {
      const found = await batch(server, tools, current);
      if (server.child.exitCode !== null || server.child.signalCode !== null) {
        findings.push({ seed: current, kind: 'crash', found: server.lastWords() });
        server = await start();
        tools = await toolsOf(server);
        await server.state();
      } else {
        const state = await server.state();
        longestMs = Math.max(longestMs, state.longestTurnMs);
        rssMb = state.rssMb;
        if (state.longestTurnMs > 100) found.push({ seed: current, kind: 'stall', found: `${state.longestTurnMs} ms` });
      }
      findings.push(...found);
      for (const finding of found) progress(`seed ${current}: ${finding.kind}: ${finding.found.slice(0, 300)}`);
      if (at === Math.floor(seeds.length / 3)) warmMb = rssMb;
      if (at % 50 === 49)
        progress(`${(at + 1) * BATCH} inputs, ${rssMb.toFixed(0)} MB, ${longestMs.toFixed(0)} ms longest turn`);
    }
  } finally {
    await server.stop();
  }
  keep(findings, progress);
  const count = (kind: Finding['kind']): number => findings.filter((finding) => finding.kind === kind).length;
  return report('fuzz', 1, fuzzFigures, {
    crashes: { rounds: [count('crash')] },
    server_errors: { rounds: [count('answer')] },
    longest_stall_ms: { rounds: [longestMs] },
    rss_growth_mb: { rounds: [rssMb - warmMb], note: `${rssMb.toFixed(0)} MB at the end` },
    inputs: { rounds: [seeds.length * BATCH] },
  });
}

async function toolsOf({ url }: Subject): Promise<readonly KnownTool[]> {
  const { result } = (await messageOf(await post(url, modern('tools/list')))) as { result: { tools: KnownTool[] } };
  return result.tools;
}

/** Sends one batch, then a right call, which must be answered rightly. */
async function batch(server: Subject, tools: readonly KnownTool[], seed: number): Promise<Finding[]> {
  const findings: Finding[] = [];
  const session = await openSession(server.url).catch(() => 'none');
  const left = inputs(tools, seed, BATCH).map((sent) => withSession(sent, session));
  const work = async (lane: Lane): Promise<void> => {
    for (let sent = left.pop(); sent; sent = left.pop()) {
      const problem = judge(await lane.exchange(sent));
      if (problem !== undefined)
        findings.push({
          seed,
          kind: 'answer',
          found: `${problem}\n  to ${Buffer.concat(sent.parts).toString('latin1').slice(0, 1500)}`,
        });
    }
    lane.close();
  };
  const port = Number(new URL(server.url).port);
  await Promise.all(Array.from({ length: LANES }, () => work(openLane(port))));
  try {
    const call = post(server.url, modernCall());
    const late = new Promise<never>((_, reject) =>
      setTimeout(reject, 5_000, new Error('no answer within 5 s')).unref(),
    );
    expectEcho(await messageOf(await Promise.race([call, late])));
  } catch (error) {
    findings.push({
      seed,
      kind: 'crash',
      found: `a right call after it: ${String(error)} ${server.lastWords().slice(-2000)}`,
    });
  }
  return findings;
}

/** Keeps the length, which a header has told already. */
function withSession(sent: Sent, session: string): Sent {
  const parts = sent.parts.map((part) => {
    const text = Buffer.from(part).toString('latin1');
    return text.includes(SESSION) ? Buffer.from(text.replace(SESSION, session), 'latin1') : part;
  });
  return { ...sent, parts };
}

const INSIDES = /node:internal|\.[mc]?[jt]s:\d+:\d+|\/node_modules\//;

/** What is wrong with an answer. A refusal for the load, 503 with Retry-After, is none of it. */
function judge({ text }: Outcome): string | undefined {
  const status = statusesOf(text).find((found) => found >= 500);
  if (status !== undefined && !(status === 503 && /\r\nretry-after: \d+\r\n/i.test(text)))
    return `${status}: ${text.slice(0, 500)}`;
  if (text.includes('"code":-32603')) return `internal error: ${text.slice(0, 500)}`;
  if (INSIDES.test(text)) return `insides: ${text.slice(0, 1000)}`;
  return undefined;
}

function keep(findings: readonly Finding[], progress: (line: string) => void): void {
  for (const { seed, kind, found } of findings) {
    writeFileSync(
      join(SEEDS, `${seed}.json`),
      `${JSON.stringify({ seed, kind, found: found.slice(0, 2000) }, undefined, 2)}\n`,
    );
    progress(`replay: npm run bench -- fuzz --seed ${seed} --inputs ${BATCH}`);
  }
}
