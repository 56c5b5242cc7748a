/**
 * Ten thousand subscribers of one server: the memory that they hold, how long one event takes to reach all of them, and
 * how long it keeps the event loop from everything else. The same streams on bare node:http are the ceiling.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Definitions, median, type Report, report, type Sample } from './figures.ts';
import { openArena } from './http/arena.ts';
import { pinned } from './http/processors.ts';
import type { Subject } from './http/product.ts';
import { modern, wire } from './http/requests.ts';
import type { ServerProcess } from './http/servers.ts';
import { usageOf } from './http/usage.ts';
import type { Ask, Told } from './streams/clients.ts';

export const streamsFigures: Definitions = {
  streams_rss_mb: {
    unit: 'MB',
    bar: { atMost: 300 },
    measures: 'resident memory with 10 000 subscriptions/listen, after broadcasts',
  },
  broadcast_ms: { unit: 'ms', bar: { atMost: 250 }, measures: 'one event, from the call to the last of them' },
  loop_delay_p99_ms: { unit: 'ms', bar: { atMost: 50 }, measures: 'delay of the event loop while broadcasting' },
};

const STREAMS = 10_000;
const BROADCASTS = 5;

interface Round {
  readonly rssMb: number;
  readonly broadcastMs: number;
  readonly loopDelayMs: number;
}

export async function streams(rounds: number, progress: (line: string) => void): Promise<Report> {
  await using arena = await openArena(progress);
  const ours: Round[] = [];
  const bare: Round[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const ceiling = await arena.ceiling('streams');
    bare.push(await measured(ceiling, undefined, progress));
    const subject = await arena.subject({ tools: 1, limits: { maxSubscriptions: STREAMS }, open: true });
    ours.push(await measured(subject, subject, progress));
    for (const [name, rounds] of Object.entries({ bare, ours })) {
      const last = rounds.at(-1) as Round;
      progress(
        `round ${round}, ${name}: ${last.rssMb.toFixed(0)} MB, broadcast ${last.broadcastMs.toFixed(0)} ms, loop delay ${last.loopDelayMs.toFixed(1)} ms`,
      );
    }
  }
  const sample = (pick: (round: Round) => number): Sample => ({
    rounds: ours.map(pick),
    ceiling: median(bare.map(pick)),
    note: 'ceiling: as many event streams of a bare node:http server',
  });
  return report('streams', rounds, streamsFigures, {
    streams_rss_mb: sample((round) => round.rssMb),
    broadcast_ms: sample((round) => round.broadcastMs),
    loop_delay_p99_ms: { rounds: ours.map((round) => round.loopDelayMs) },
  });
}

async function measured(
  server: ServerProcess,
  subject: Subject | undefined,
  progress: (line: string) => void,
): Promise<Round> {
  const { port, host } = new URL(server.url);
  const clients = startClients();
  try {
    const listen = wire(host, modern('subscriptions/listen', { notifications: { toolsListChanged: true } }));
    const opened = await ask(clients, { do: 'open', port: Number(port), count: STREAMS, listen });
    progress(`${opened.streams} streams open in ${(opened.ms / 1000).toFixed(1)} s`);
    if (opened.streams !== STREAMS) throw new Error(`${opened.streams} streams stayed open, not ${STREAMS}`);
    const announce = wire(host, modern('tools/call', { name: 'announce', arguments: {} }));
    const times: number[] = [];
    const delays: number[] = [];
    for (let at = 0; at < BROADCASTS; at += 1) {
      await sleep(200);
      await subject?.state();
      times.push((await ask(clients, { do: 'broadcast', announce })).ms);
      delays.push((await subject?.state())?.loopDelayP99Ms ?? Number.NaN);
    }
    return { rssMb: usageOf(server.pid).rssMb, broadcastMs: median(times), loopDelayMs: median(delays) };
  } catch (error) {
    throw new Error(`${String(error)}\n${server.lastWords()}`, { cause: error });
  } finally {
    clients.kill('SIGKILL');
    await server.stop();
  }
}

function startClients(): ChildProcess {
  const file = join(import.meta.dirname, 'streams/clients.ts');
  const [program = '', ...args] = pinned('generator', [process.execPath, file]);
  return spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

async function ask(clients: ChildProcess, what: Ask): Promise<Told> {
  const answer = Promise.race([
    once(clients, 'message') as Promise<[Told]>,
    once(clients, 'exit').then(() => {
      throw new Error('the clients ended');
    }),
  ]);
  clients.send(what);
  const [told] = await answer;
  return told;
}
