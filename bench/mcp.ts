/**
 * Tool calls over HTTP with everything on – identity, limits, validation, metrics, audit – beside the least that a
 * server on node:http must do, and beside other people's MCP servers, which do less of it.
 */
import { type Definitions, median, type Report, report, type Sample } from './figures.ts';
import { openArena } from './http/arena.ts';
import { type Contender, contest, type Measured, type Results } from './http/contest.ts';
import { expectEcho, legacyCall, messageOf, modernCall, openSession, post } from './http/requests.ts';
import type { ServerProcess } from './http/servers.ts';
import type { LoadRequest } from './http/wrk.ts';

export const mcpFigures: Definitions = {
  call_vs_echo: {
    unit: 'ratio',
    bar: { atLeast: 0.7 },
    measures: 'tools/call a second, over a node:http JSON echo of the same call',
  },
  call_vs_sdk2: { unit: 'ratio', bar: { atLeast: 10 }, measures: 'the same, over createMcpHandler of the SDK 2' },
  call_vs_sdk1: { unit: 'ratio', bar: { atLeast: 10 }, measures: 'the same, over the SDK 1 without sessions' },
  call_vs_fastmcp: { unit: 'ratio', bar: { atLeast: 10 }, measures: 'the same, over fastmcp without sessions' },
  call_500_tools_vs_1: { unit: 'ratio', bar: { atLeast: 0.95 }, measures: 'a call to one of 500 tools, over one of 1' },
  p99_vs_echo: { unit: 'ratio', bar: { atMost: 3 }, measures: 'slowest hundredth of calls, over that of the echo' },
  rss_mb: { unit: 'MB', bar: { atMost: 110 }, measures: 'resident memory of the server after each load' },
  session_vs_sdk: {
    unit: 'ratio',
    bar: { atLeast: 1 },
    measures: 'calls in sessions of 2025-11-25, over the faster of the two SDKs',
  },
};

const CONNECTIONS = 32;

export async function mcp(rounds: number, progress: (line: string) => void): Promise<Report> {
  await using arena = await openArena(progress);
  const { token } = arena;
  const one = await arena.subject({ tools: 1 });
  const many = await arena.subject({ tools: 500 });
  const call = modernCall(token);
  const results = await contest(
    [
      contender('echo', await arena.ceiling('echo'), [call]),
      contender('ours', one, [call]),
      contender('ours-500', many, [call]),
      contender('ours-sessions', one, await sessionCalls(one.url, token)),
      contender('sdk2', await arena.peer('sdk2'), [call]),
      contender('sdk1', await arena.peer('sdk1'), [legacyCall(token)]),
      contender('fastmcp', await arena.peer('fastmcp'), [legacyCall(token)]),
      ...(await Promise.all(
        (['sdk2-sessions', 'sdk1-sessions'] as const).map(async (name) => {
          const server = await arena.peer(name);
          return contender(name, server, await sessionCalls(server.url, token));
        }),
      )),
    ],
    { rounds, seconds: 3, warmSeconds: 6, connections: CONNECTIONS, progress },
  );
  return { ...report('mcp', rounds, mcpFigures, samples(results)), measured: Object.fromEntries(results) };
}

/** One session for each connection. */
async function sessionCalls(url: string, token: string): Promise<LoadRequest[]> {
  const calls: LoadRequest[] = [];
  for (let at = 0; at < CONNECTIONS; at += 1) calls.push(legacyCall(token, await openSession(url, token)));
  return calls;
}

function contender(name: string, { pid, url, lastWords }: ServerProcess, requests: readonly LoadRequest[]): Contender {
  const check = async (): Promise<void> => {
    for (const request of requests) expectEcho(await messageOf(await post(url, request)));
  };
  return { name, pid, url, requests, check, lastWords };
}

function samples(results: Results): Record<string, Sample> {
  const of = (name: string): readonly Measured[] => results.get(name) ?? [];
  const ratio = (pick: (m: Measured) => number, a: string, ...others: readonly string[]): Sample => {
    const against = of(others[0] ?? '').map((_, round) =>
      Math.max(...others.map((b) => pick(of(b)[round] as Measured))),
    );
    return { rounds: of(a).map((m, round) => pick(m) / (against[round] ?? Number.NaN)) };
  };
  const rate = (m: Measured): number => m.perSecond;
  const middle = (name: string, pick: (m: Measured) => number): number => median(of(name).map(pick));
  const said = (name: string): string =>
    `${name}: ${middle(name, rate).toFixed(0)} a second, ${middle(name, (m) => m.cpuUs).toFixed(1)} us of processor time`;
  const noted = (sample: Sample, ...names: readonly string[]): Sample => ({
    ...sample,
    note: names.map(said).join('; '),
  });
  return {
    call_vs_echo: { ...noted(ratio(rate, 'ours', 'echo'), 'ours', 'echo'), ceiling: 1 },
    call_vs_sdk2: noted(ratio(rate, 'ours', 'sdk2'), 'sdk2'),
    call_vs_sdk1: noted(ratio(rate, 'ours', 'sdk1'), 'sdk1'),
    call_vs_fastmcp: noted(ratio(rate, 'ours', 'fastmcp'), 'fastmcp'),
    call_500_tools_vs_1: noted(ratio(rate, 'ours-500', 'ours'), 'ours-500'),
    p99_vs_echo: { ...ratio((m) => m.p99Us, 'ours', 'echo'), ceiling: 1 },
    rss_mb: {
      rounds: of('ours').map((m) => m.rssMb),
      ceiling: middle('echo', (m) => m.rssMb),
      peer: Object.fromEntries(
        ['sdk2', 'sdk1', 'fastmcp'].map((name) => [name, Math.round(middle(name, (m) => m.rssMb))]),
      ),
    },
    session_vs_sdk: noted(
      ratio(rate, 'ours-sessions', 'sdk2-sessions', 'sdk1-sessions'),
      'ours-sessions',
      'sdk2-sessions',
      'sdk1-sessions',
    ),
  };
}
