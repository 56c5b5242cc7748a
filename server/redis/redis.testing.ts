/**
 * A throw-away Redis server for tests: a real one, on loopback, with a password and nothing on disk. Installs Debian's
 * package where it is missing and that is allowed, and leaves no service running. For tests only.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { installMissing, mayInstall } from '#e2e/cluster/packages.ts';
import { acceptsConnections, freePort } from '#e2e/cluster/ports.ts';

const PROGRAM = '/usr/bin/redis-server';
const PASSWORD = 'only-for-tests';
const START_MS = 20_000;

export interface TestRedis {
  /** Holds the URL. */
  readonly urlFile: string;
  /** Ends the server as a crash does; nothing it knew is left. */
  crash(): Promise<void>;
  /** Starts it again on the same port. */
  restart(): Promise<void>;
  /** Stops it from answering, with its connections open, until `resume`. */
  freeze(): void;
  resume(): void;
  stop(): Promise<void>;
}

/** Starts a server, or says why this machine cannot. */
export async function startRedis(): Promise<TestRedis | { readonly missing: string }> {
  if (!existsSync(PROGRAM)) {
    if (!(await mayInstall()))
      return { missing: 'Redis is not installed; as root, run: apt-get install --no-install-recommends redis-server' };
    await installMissing(['redis-server']);
  }
  const folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-redis-'));
  const port = await freePort();
  const urlFile = join(folder, 'url');
  await writeFile(urlFile, `redis://:${PASSWORD}@127.0.0.1:${port}/0\n`);
  let server = await start(folder, port);
  const end = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill('SIGKILL');
    await once(server, 'exit');
  };
  return {
    urlFile,
    crash: end,
    async restart() {
      server = await start(folder, port);
    },
    freeze: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    async stop() {
      await end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function start(folder: string, port: number): Promise<ChildProcess> {
  const settings = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--requirepass',
    PASSWORD,
    '--save',
    '',
    '--dir',
    folder,
  ];
  // The kernel ends the server with the test process, whatever becomes of that.
  const server = spawn('setpriv', ['--pdeathsig', 'KILL', PROGRAM, ...settings], { stdio: 'ignore' });
  const limit = performance.now() + START_MS;
  while (!(await acceptsConnections(port))) {
    if (server.exitCode !== null || performance.now() > limit) {
      server.kill('SIGKILL');
      throw new Error('Redis did not start');
    }
    await sleep(20);
  }
  return server;
}
