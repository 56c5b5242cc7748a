/**
 * Hostile and broken requests of every revision, half of them against a server that is open to everybody, half against
 * one that asks for tokens: it must not crash, answer with 5xx, show its insides, stand still or grow. A batch of inputs
 * follows from its seed; seeds that found something are kept and run first.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Definitions, type Report, report } from './figures.ts';
import { type Lane, type Outcome, openLane, type Sent, statusesOf } from './fuzz/exchange.ts';
import { inputs, SESSION, TOKENS } from './fuzz/inputs.ts';
import type { KnownTool } from './fuzz/messages.ts';
import { type Tokens, tokensOf } from './fuzz/tokens.ts';
import { type Arena, openArena } from './http/arena.ts';
import type { Subject } from './http/product.ts';
import { expectEcho, messageOf, modern, modernCall, openSession, post } from './http/requests.ts';

const STALL_MS = 100;

export const fuzzFigures: Definitions = {
  crashes: { unit: 'crashes', bar: { atMost: 0 }, measures: 'ends of the process, or no right answer to a right call' },
  server_errors: {
    unit: 'answers',
    bar: { atMost: 0 },
    measures: '5xx, internal errors, and answers with stack traces',
  },
  longest_stall_ms: {
    unit: 'ms',
    bar: { atMost: STALL_MS },
    measures: 'processor time without a turn of the event loop, after a warm-up',
  },
  rss_growth_mb: {
    unit: 'MB',
    bar: { atMost: 48 },
    measures: 'of resident memory in use, from a third of the inputs to their end',
  },
  inputs: { unit: 'inputs', bar: { none: true }, measures: 'sent' },
  authenticated_inputs: {
    unit: 'inputs',
    bar: { none: true },
    measures: 'of them, to the server that asks for tokens',
  },
};

const SEEDS = join(import.meta.dirname, 'fuzz/seeds');
const BATCH = 200;
/**
 * Of the first batches, in which stalls are not judged: a server loads the client of models for the first question that
 * it asks one, and reads its source maps for the first error that it logs.
 */
const WARM_SEEDS = [1, 2, 3];
const LANES = 16;
const LIMITS = { requestBodyBytes: 64 * 1024, callTimeoutMs: 1_000, maxSessions: 50, maxSubscriptions: 50 };
const SUBJECT = { tools: 1, toolsets: ['everything', 'tasks'], limits: LIMITS, flags: ['--expose-gc'] };

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

type Progress = (line: string) => void;

/** What one server under fire is, and how to ask it rightly. */
interface Range {
  readonly server: Subject;
  readonly tools: readonly KnownTool[];
  /** Undefined where everybody may call. */
  readonly tokens: Tokens | undefined;
}

/** What became of the batches at one server. */
interface Course {
  readonly findings: readonly Finding[];
  readonly longestMs: number;
  readonly growthMb: number;
  readonly rssMb: number;
}

export async function fuzz({ inputs: total, seed, progress }: FuzzOptions): Promise<Report> {
  await using arena = await openArena(progress);
  mkdirSync(SEEDS, { recursive: true });
  const kept = readdirSync(SEEDS).map((name) => Number.parseInt(name, 10));
  const half = Math.ceil(total / BATCH / 2);
  const seeds = (from: number): number[] => [
    ...WARM_SEEDS,
    ...kept,
    ...Array.from({ length: half }, (_, at) => from + at),
  ];
  progress(`twice ${half} batches of ${BATCH}, after ${WARM_SEEDS.length} to warm up and ${kept.length} kept seeds`);
  const courses = [
    await course(() => openRange(arena), seeds(seed), progress),
    await course(() => closedRange(arena), seeds(seed + half), progress),
  ];
  const findings = courses.flatMap((found) => found.findings);
  keep(findings, progress);
  const count = (kind: Finding['kind']): number => findings.filter((finding) => finding.kind === kind).length;
  const most = (figure: (of: Course) => number): number => Math.max(...courses.map(figure));
  return report('fuzz', 1, fuzzFigures, {
    crashes: { rounds: [count('crash')] },
    server_errors: { rounds: [count('answer')] },
    longest_stall_ms: { rounds: [most(({ longestMs }) => longestMs)] },
    rss_growth_mb: {
      rounds: [most(({ growthMb }) => growthMb)],
      note: `${most(({ rssMb }) => rssMb).toFixed(0)} MB at the end`,
    },
    inputs: { rounds: [seeds(seed).length * BATCH * courses.length] },
    authenticated_inputs: { rounds: [seeds(seed).length * BATCH] },
  });
}

async function course(start: () => Promise<Range>, seeds: readonly number[], progress: Progress): Promise<Course> {
  const findings: Finding[] = [];
  let range = await start();
  let [longestMs, warmMb, rssMb] = [0, 0, 0];
  try {
    for (const [at, current] of seeds.entries()) {
      const found = await batch(range, current);
      const { server } = range;
      if (server.child.exitCode !== null || server.child.signalCode !== null) {
        findings.push({ seed: current, kind: 'crash', found: server.lastWords() });
        range = await start();
      } else {
        const state = await server.state();
        rssMb = state.rssMb;
        const turnMs = at < WARM_SEEDS.length ? 0 : state.longestTurnMs;
        longestMs = Math.max(longestMs, turnMs);
        if (turnMs > STALL_MS) found.push({ seed: current, kind: 'stall', found: `${turnMs} ms` });
      }
      findings.push(...found);
      for (const finding of found) progress(`seed ${current}: ${finding.kind}: ${finding.found.slice(0, 300)}`);
      if (at === Math.floor(seeds.length / 3)) warmMb = rssMb;
      if (at % 50 === 49)
        progress(`${(at + 1) * BATCH} inputs, ${rssMb.toFixed(0)} MB, ${longestMs.toFixed(0)} ms longest turn`);
    }
  } finally {
    await range.server.stop();
  }
  return { findings, longestMs, growthMb: rssMb - warmMb, rssMb };
}

async function openRange(arena: Arena): Promise<Range> {
  const server = await arena.subject({ ...SUBJECT, open: true });
  return rangeOf(server, undefined);
}

async function closedRange(arena: Arena): Promise<Range> {
  const server = await arena.subject(SUBJECT);
  return rangeOf(server, await tokensOf(arena.issuer, server.url));
}

async function rangeOf(server: Subject, tokens: Tokens | undefined): Promise<Range> {
  await server.state();
  return { server, tools: await toolsOf(server, tokens?.valid), tokens };
}

async function toolsOf({ url }: Subject, token: string | undefined): Promise<readonly KnownTool[]> {
  const { result } = (await messageOf(await post(url, modern('tools/list', {}, token)))) as {
    result: { tools: KnownTool[] };
  };
  return result.tools;
}

/** Sends one batch, then a right call, which must be answered rightly. */
async function batch({ server, tools, tokens }: Range, seed: number): Promise<Finding[]> {
  const findings: Finding[] = [];
  const session = await openSession(server.url, tokens?.valid).catch(() => 'none');
  const left = inputs(tools, seed, BATCH).map((sent) => filled(sent, session, tokens));
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
    const call = post(server.url, modernCall(tokens?.valid));
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

/** Puts the session and the tokens in. They stand in headers only, so that no told length changes. */
function filled(sent: Sent, session: string, tokens: Tokens | undefined): Sent {
  const values: [string, string][] = [[SESSION, session]];
  for (const [kind, token] of Object.entries(tokens ?? {})) values.push([TOKENS[kind as keyof Tokens], token]);
  const parts = sent.parts.map((part) => {
    let text = Buffer.from(part).toString('latin1');
    for (const [place, value] of values) text = text.replaceAll(place, value);
    return Buffer.from(text, 'latin1');
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
