/**
 * Measures several servers in turn, round after round, so that a slow spell of the machine meets all of them. Gives
 * what each round saw; a measurement in which the server did not have its processor to itself is taken again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { usageOf } from './usage.ts';
import { type LoadRequest, type LoadResult, load } from './wrk.ts';

export interface Contender {
  readonly name: string;
  readonly pid: number;
  readonly url: string;
  readonly requests: readonly LoadRequest[];
  /** Throws unless the server gives the right answer; called before the rounds and after them. */
  readonly check: () => Promise<void>;
  /** What the server wrote, for errors. */
  readonly lastWords: () => string;
}

export interface Measured extends LoadResult {
  /** Processor time of the server process for one request. */
  readonly cpuUs: number;
  readonly rssMb: number;
  /** Share of its processor that the server had; the rest is idle for lack of load, or went to something else. */
  readonly busy: number;
}

export type Results = ReadonlyMap<string, readonly Measured[]>;

export interface ContestOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmSeconds: number;
  readonly connections: number;
  readonly progress: (line: string) => void;
}

/** A server that had less of its processor was held up by something else: the load generator, or a neighbour. */
const LEAST_BUSY = 0.9;
const TRIES = 8;

export async function contest(contenders: readonly Contender[], options: ContestOptions): Promise<Results> {
  const { rounds, warmSeconds, progress } = options;
  const bytes = new Map<string, number>();
  for (const contender of contenders) {
    await checked(contender);
    const warm = await measure(contender, { ...options, seconds: warmSeconds });
    bytes.set(contender.name, warm.bytesPerAnswer);
    progress(`warm: ${describe(contender.name, warm)}`);
  }
  const results = new Map<string, Measured[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const contender of contenders) {
      const measured = await quietly(contender, options);
      const before = bytes.get(contender.name) ?? 0;
      if (Math.abs(measured.bytesPerAnswer - before) > before * 0.02)
        throw new Error(`${contender.name} answers with ${measured.bytesPerAnswer} bytes; it was ${before}`);
      results.get(contender.name)?.push(measured);
      progress(`round ${round} of ${rounds}: ${describe(contender.name, measured)}`);
    }
  }
  for (const contender of contenders) await checked(contender);
  return results;
}

async function checked({ name, check, lastWords }: Contender): Promise<void> {
  try {
    await check();
  } catch (error) {
    throw new Error(`${name} does not answer as it should: ${String(error)}\n${lastWords()}`, { cause: error });
  }
}

async function quietly(contender: Contender, options: ContestOptions): Promise<Measured> {
  let best: Measured | undefined;
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const measured = await measure(contender, options);
    if (!best || measured.busy > best.busy) best = measured;
    if (best.busy >= LEAST_BUSY) return best;
    options.progress(`${contender.name} had only ${percent(measured.busy)} of its processor: once more`);
    await sleep(3000);
  }
  throw new Error(
    `this machine is too busy: ${contender.name} never had more than ${percent(best?.busy ?? 0)} of its processor`,
  );
}

async function measure(contender: Contender, options: ContestOptions): Promise<Measured> {
  const { pid, name, url, requests } = contender;
  const before = usageOf(pid);
  const began = performance.now();
  const result = await load({ url, requests, connections: options.connections, seconds: options.seconds });
  const elapsedUs = (performance.now() - began) * 1000;
  const after = usageOf(pid);
  if (result.errors > 0 || result.requests === 0)
    throw new Error(`${name}: ${result.errors} errors in ${result.requests} requests`);
  const cpu = after.cpuUs - before.cpuUs;
  return { ...result, cpuUs: cpu / result.requests, rssMb: after.rssMb, busy: cpu / elapsedUs };
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

function describe(name: string, { perSecond, cpuUs, p50Us, p99Us, rssMb }: Measured): string {
  const times = `p50 ${(p50Us / 1000).toFixed(2)} ms, p99 ${(p99Us / 1000).toFixed(2)} ms`;
  return `${name.padEnd(16)} ${perSecond.toFixed(0).padStart(6)}/s, ${cpuUs.toFixed(1)} us CPU, ${times}, ${rssMb.toFixed(0)} MB`;
}
