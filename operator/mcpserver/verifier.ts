/**
 * Finds out whether servers answer, again and again, beside the reconcile workers: at once when a server begins to
 * serve or its pods are of another revision, then every minute, and soon after a failure. One that hangs delays no
 * other (models/schedule.ts). Holds the last finding of each and tells only of changes.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Proxy } from '#models/proxy.ts';
import { type Clock, createSchedule } from '#models/schedule.ts';
import { formatKey, type Key, parseKey } from '#operator/kit/object.ts';
import { answers, type Finding } from './finding.ts';
import { DEADLINE_MS, handshake } from './handshake.ts';
import { openMcp } from './mcp.ts';

/** Where a server is reached, and what serves there. */
export interface Target {
  /** With the name of the Service. */
  readonly url: string;
  /** Of the Service; '' where it is not known. */
  readonly address: string;
  /** Changes when other pods than before serve. */
  readonly revision: string;
}

export interface Verifier {
  /** Follows the server from now on; undefined when nothing serves, which ends what was found out. */
  aim(key: Key, target: Target | undefined): void;
  /** Undefined before the first. */
  finding(key: Key): Finding | undefined;
  stop(): Promise<void>;
}

export interface VerifierOptions {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** From the environment of the process. */
  readonly proxy?: Proxy;
  /** Version of this program. */
  readonly version: string;
  readonly onChange: (key: Key) => void;
  /** Of a mistake in this program. */
  readonly onError: (error: unknown) => void;
}

const INTERVAL_MS = 60_000;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 10_000;
/** A single failure is asked about again before it is believed: right after a start, and now and then under load. */
const FAILURES_TO_BELIEVE = 2;
/** Two requests and the time to connect; each request has its own, shorter deadline. */
const TIMEOUT_MS = 3 * DEADLINE_MS;
const SLOTS = 64;

interface Entry {
  target: Target;
  failures: number;
  finding: Finding | undefined;
}

export function createVerifier(options: VerifierOptions): Verifier {
  const entries = new Map<string, Entry>();
  const schedule = createSchedule({
    clock: options.clock,
    random: options.random,
    run,
    intervalOf: (key) => pauseAfter(entries.get(key)?.failures ?? 0),
    timeoutOf: () => TIMEOUT_MS,
    onError: (_key, error) => options.onError(error),
    slots: SLOTS,
  });

  async function run(key: string, signal: AbortSignal): Promise<void> {
    const entry = entries.get(key);
    if (entry === undefined) return;
    const found = await ask(entry.target, signal);
    // Forgotten meanwhile, or started anew: the answer is about something that is over.
    if (found === undefined || entries.get(key) !== entry) return;
    entry.failures = answers(found) ? 0 : entry.failures + 1;
    const believed = entry.failures === 0 || entry.failures >= FAILURES_TO_BELIEVE;
    if (!believed || isDeepStrictEqual(found, entry.finding)) return;
    entry.finding = found;
    options.onChange(parseKey(key));
  }

  /** Undefined when the signal ended it. */
  async function ask({ url, address }: Target, signal: AbortSignal): Promise<Finding | undefined> {
    const { version, proxy } = options;
    const mcp = openMcp({ url, address, version, ...(proxy === undefined ? {} : { proxy }) });
    try {
      return await handshake(mcp, signal);
    } catch (error) {
      if (signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError') {
        return { outcome: 'Timeout', message: `No complete answer within ${TIMEOUT_MS / 1000} s.` };
      }
      if (signal.aborted) return undefined;
      throw error;
    } finally {
      await mcp.close();
    }
  }

  return {
    aim(key, target) {
      const id = formatKey(key);
      const entry = entries.get(id);
      if (target === undefined) {
        if (entries.delete(id)) schedule.remove(id);
        return;
      }
      if (entry === undefined) {
        entries.set(id, { target, failures: 0, finding: undefined });
        schedule.add(id);
        return;
      }
      if (isDeepStrictEqual(entry.target, target)) return;
      entry.target = target;
      // What is under way asks for something that is over, and may hang.
      schedule.remove(id);
      schedule.add(id);
    },
    finding: (key) => entries.get(formatKey(key))?.finding,
    stop: async () => {
      entries.clear();
      await schedule.stop();
    },
  };
}

/** Milliseconds until the next question. */
function pauseAfter(failures: number): number {
  return failures === 0 ? INTERVAL_MS : Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), MAX_RETRY_MS);
}
