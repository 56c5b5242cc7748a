/**
 * Runs the legs of the conformance suite against one server, one after the other, and says what came out of each as it
 * ends. Knows nothing of clusters: it is given the URLs.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Leg } from './legs.ts';
import { failureLines, type LegScores, scoresOf } from './scores.ts';
import { requiredScenarios, runSuite } from './suite.ts';

export interface Server {
  /** As clients call it. */
  readonly front: string;
  /** The same server on a loopback address. */
  readonly direct: string;
}

export interface RunOptions {
  /** The suite's program; that of the installed package if absent. */
  readonly program?: string;
  readonly print: (line: string) => void;
}

/** No scenario takes this long; the suite's own limit for one is 30 s. */
const TIMEOUT_MS = 240_000;

/** Folder of the installed suite. */
export const suiteFolder = (): string =>
  dirname(createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json'));

export async function runLegs(
  legs: readonly Leg[],
  server: Server,
  options: RunOptions,
): Promise<readonly LegScores[]> {
  const { print, program = join(suiteFolder(), 'dist/index.js') } = options;
  const all: LegScores[] = [];
  for (const leg of legs) {
    const begin = performance.now();
    const required = typeof leg.required === 'object' ? await requiredScenarios(program, leg.required.revision) : [];
    const findings = await runSuite({ program, url: server[leg.way], args: leg.args, timeoutMs: TIMEOUT_MS });
    const scores = scoresOf(leg, findings, required);
    const passed = scores.filter(({ result }) => result === 'passed').length;
    const seconds = ((performance.now() - begin) / 1000).toFixed(1);
    print(`${leg.title}: ${passed} of ${scores.length} scenarios passed (${seconds} s)`);
    for (const line of failureLines(scores)) print(line);
    all.push({ title: leg.title, scores });
  }
  return all;
}
