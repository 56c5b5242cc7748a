/**
 * Load by wrk with one thread, which reaches more requests a second than any server here can answer. What it sends is
 * a script made from the requests; what it saw comes back as JSON.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, findProgram } from '#e2e/cluster/command.ts';
import { installMissing } from '#e2e/cluster/packages.ts';
import { pinned } from './processors.ts';

export interface LoadRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface LoadPlan {
  readonly url: string;
  /** Sent in turn; one or several. ASCII only. */
  readonly requests: readonly LoadRequest[];
  readonly connections: number;
  readonly seconds: number;
  /** Pause of each connection after each answer, in whole milliseconds. */
  readonly delayMs?: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  /** Of an answer with its headers. */
  readonly bytesPerAnswer: number;
  /** Latencies in microseconds. */
  readonly p50Us: number;
  readonly p99Us: number;
  /** Answers with another status than 2xx, connections that failed, timeouts. */
  readonly errors: number;
}

let installed: Promise<void> | undefined;

async function install(): Promise<void> {
  if ((await findProgram('wrk')) !== undefined) return;
  process.stderr.write('installing the Debian package wrk, the load generator\n');
  await installMissing(['wrk']);
}

/** The first time it installs wrk where it may; else it throws with the command to run. */
export async function load({ url, requests, connections, seconds, delayMs = 0 }: LoadPlan): Promise<LoadResult> {
  await (installed ??= install());
  const folder = mkdtempSync(join(tmpdir(), 'mcp-fleet-wrk-'));
  try {
    const file = join(folder, 'requests.lua');
    writeFileSync(file, script(new URL(url).pathname, requests, delayMs));
    const options = ['-t', '1', '-c', String(connections), '-d', `${seconds}s`, '--timeout', '10s', '-s', file, url];
    const [program = 'wrk', ...args] = pinned('generator', ['wrk', ...options]);
    const said = await command(program, args, { timeout: (seconds + 60) * 1000 });
    return JSON.parse(said.trimEnd().split('\n').at(-1) ?? '') as LoadResult;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** JSON strings of ASCII text without control characters are Lua strings, too. */
const quote = (text: string): string => {
  if (/[^\x20-\x7e]/.test(text)) throw new Error('a request for wrk must be of printable ASCII characters');
  return JSON.stringify(text);
};

function script(path: string, requests: readonly LoadRequest[], delayMs: number): string {
  const made = requests.map(({ headers, body }) => {
    const fields = Object.entries(headers).map(([name, value]) => `[${quote(name)}] = ${quote(value)}`);
    return `wrk.format("POST", ${quote(path)}, { ["Host"] = wrk.headers["Host"], ${fields.join(', ')} }, ${quote(body)})`;
  });
  return `
local made, at = {}, 0
function init()
  made = { ${made.join(',\n    ')} }
end
function request()
  at = at % #made + 1
  return made[at]
end
${delayMs > 0 ? `function delay() return ${delayMs} end` : ''}
function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '{"requests":%d,"perSecond":%.3f,"bytesPerAnswer":%.3f,"p50Us":%d,"p99Us":%d,"errors":%d}\\n',
    summary.requests, summary.requests / summary.duration * 1e6, summary.bytes / math.max(1, summary.requests),
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
`;
}
