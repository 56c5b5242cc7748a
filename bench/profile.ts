/**
 * `node bench/profile.ts [call|session|list|discover] [seconds]`: where the server's processor time goes under load.
 * Prints the functions with the most time of their own, by their place in the sources, and leaves the profile in
 * dist/bench.
 */
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand, UsageError } from '#e2e/command-line.ts';
import { openArena } from './http/arena.ts';
import { legacyCall, modern, modernCall, openSession } from './http/requests.ts';
import { usageOf } from './http/usage.ts';
import { type LoadRequest, load } from './http/wrk.ts';

const KINDS = ['call', 'session', 'list', 'discover'] as const;
type Kind = (typeof KINDS)[number];

const USAGE = `Usage: node bench/profile.ts [${KINDS.join('|')}] [SECONDS]

Where the server's processor time goes under load, by functions. Calls for 8 seconds without arguments.
`;
const CONNECTIONS = 32;
const SHOWN = 45;

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
      readonly columnNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const say = (line: string): boolean => process.stderr.write(`${line}\n`);

async function requestsFor(kind: Kind, url: string, token: string): Promise<LoadRequest[]> {
  if (kind === 'list') return [modern('tools/list', {}, token)];
  if (kind === 'discover') return [modern('server/discover', {}, token)];
  if (kind === 'call') return [modernCall(token)];
  const requests: LoadRequest[] = [];
  for (let at = 0; at < CONNECTIONS; at += 1) requests.push(legacyCall(token, await openSession(url, token)));
  return requests;
}

async function record(kind: Kind, seconds: number, folder: string): Promise<void> {
  await using arena = await openArena(say);
  const flags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=200'];
  const server = await arena.subject({ tools: kind === 'list' ? 50 : 1, flags });
  const plan = {
    url: server.url,
    requests: await requestsFor(kind, server.url, arena.token),
    connections: CONNECTIONS,
  };
  await load({ ...plan, seconds: 2 });
  const before = usageOf(server.pid).cpuUs;
  const result = await load({ ...plan, seconds });
  const cpuUs = (usageOf(server.pid).cpuUs - before) / result.requests;
  say(`${result.perSecond.toFixed(0)} a second while profiled, ${cpuUs.toFixed(1)} us each, ${result.errors} errors`);
  const ended = once(server.child, 'exit');
  server.child.kill('SIGTERM');
  await ended;
}

const maps = new Map<string, SourceMap | undefined>();

function mapOf(url: string): SourceMap | undefined {
  if (!url.startsWith('file:')) return undefined;
  if (!maps.has(url)) {
    const payload = JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, 'utf8')) as ConstructorParameters<
      typeof SourceMap
    >[0];
    maps.set(url, new SourceMap(payload));
  }
  return maps.get(url);
}

function place({ functionName, url, lineNumber, columnNumber }: Profile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  const entry = mapOf(url)?.findEntry(lineNumber, columnNumber);
  if (entry && 'originalSource' in entry && (entry.originalSource ?? '').endsWith('.ts'))
    return `${name}  ${entry.originalSource}:${entry.originalLine + 1}`;
  if (url.startsWith('file:')) return `${name}  ${basename(url)}:${lineNumber + 1}:${columnNumber}`;
  return url === '' ? name : `${name}  ${url}`;
}

function show(profile: Profile): void {
  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, place(callFrame)]));
  const times = new Map<string, number>();
  for (const [at, id] of profile.samples.entries()) {
    const where = places.get(id) ?? '';
    if (where !== '(idle)') times.set(where, (times.get(where) ?? 0) + (profile.timeDeltas[at] ?? 0));
  }
  const all = [...times.values()].reduce((sum, time) => sum + time, 0);
  for (const [where, time] of [...times].toSorted((a, b) => b[1] - a[1]).slice(0, SHOWN))
    process.stdout.write(`${((time / all) * 100).toFixed(1).padStart(5)} %  ${where}\n`);
}

await runCommand({ usage: USAGE, options: {}, allowPositionals: true }, async (_, [given = 'call', time = '8']) => {
  const kind = KINDS.find((known) => known === given);
  if (!kind) throw new UsageError(`There is no load "${given}". There are: ${KINDS.join(', ')}.`);
  const seconds = Number(time);
  if (!Number.isInteger(seconds) || seconds < 1) throw new UsageError(`SECONDS must be a whole number, not "${time}".`);
  const folder = join(import.meta.dirname, '../dist/bench/profile');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await record(kind, seconds, folder);
  const [file] = readdirSync(folder);
  if (file === undefined) throw new Error('the server left no profile');
  show(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile);
  say(join(folder, file));
  return 0;
});
