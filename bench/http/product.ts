/**
 * Builds and starts the measured server: the product's code bundled by the builder of its image, run with the image's
 * flags and environment, its configuration written for one benchmark.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { bundle } from '../../images/bundle.ts';
import { environment, nodeFlags } from '../../images/images.ts';
import type { Issuer } from './issuer.ts';
import { type ServerProcess, startServer } from './servers.ts';

const ROOT = join(import.meta.dirname, '../..');

/** What the process tells about itself; delays since it was asked before. */
export interface SubjectState {
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  /** Processor time that the main thread spent at most without coming back to its timers. */
  readonly longestTurnMs: number;
  readonly heapMb: number;
  readonly rssMb: number;
  readonly handles: number;
}

export interface Subject extends ServerProcess {
  state(): Promise<SubjectState>;
  /** The state after a full collection of garbage, which stops the process for a moment. */
  collected(): Promise<SubjectState>;
}

export interface SubjectOptions {
  /** Tools of its toolset: 1, 50 or 500. */
  readonly tools: number;
  /** Toolsets of the product beside it. */
  readonly toolsets?: readonly string[];
  /** JWT is asked for where there is one. */
  readonly issuer?: Issuer;
  readonly limits?: Readonly<Record<string, number>>;
  /** More flags for Node, such as a profiler's. */
  readonly flags?: readonly string[];
}

/** Entry files of the benchmarks, bundled as the image's are; the folder with `subject.mjs`, `auth.mjs` and `ceiling.mjs`. */
export async function bundleSubject(): Promise<string> {
  const outDir = join(ROOT, 'dist/bench/subject');
  const here = (name: string): string => join(import.meta.dirname, name);
  const entries = { subject: here('subject.ts'), auth: here('subject-auth.ts'), ceiling: here('ceiling.ts') };
  await bundle({ root: ROOT, entries, outDir, env: { MCP_FLEET_BUILD_VERSION: '0.0.0' } });
  return outDir;
}

/** So high that no run reaches it: the limiter works, and refuses nobody. */
const RATE = 1_000_000_000;

export async function startSubject(folder: string, options: SubjectOptions): Promise<Subject> {
  const data = mkdtempSync(join(tmpdir(), 'mcp-fleet-subject-'));
  const file = join(data, 'server.yaml');
  const { issuer, limits } = options;
  const remove = (): void => rmSync(data, { recursive: true, force: true });
  const server = await startServer({
    args: (port) => {
      const config = {
        name: 'bench',
        mcp: { host: '127.0.0.1', port, publicUrl: `http://127.0.0.1:${port}/mcp` },
        health: { host: '127.0.0.1', port: 0 },
        toolsets: [`bench${options.tools}`, ...(options.toolsets ?? [])].map((name) => ({ name })),
        storage: { type: 'Embedded', path: join(data, 'server.db') },
        ...(issuer ? { auth: issuer.auth } : {}),
        drainMs: 0,
        limits: { requestsPerMinutePerCaller: RATE, ...limits },
      };
      writeFileSync(file, stringify(config));
      return [...nodeFlags('server'), ...(options.flags ?? []), join(folder, 'subject.mjs'), file];
    },
    env: { ...environment, NODE_COMPILE_CACHE: join(tmpdir(), 'mcp-fleet-compile-cache') },
    channel: true,
  }).catch((error: unknown) => {
    remove();
    throw error;
  });
  const ask = async (what: 'state' | 'collect'): Promise<SubjectState> => {
    const answer = once(server.child, 'message');
    server.child.send(what);
    const [state] = (await answer) as [SubjectState];
    return state;
  };
  return {
    ...server,
    state: () => ask('state'),
    collected: () => ask('collect'),
    stop: async () => {
      await server.stop();
      remove();
    },
  };
}
