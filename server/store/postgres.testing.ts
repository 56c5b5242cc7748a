/**
 * A throw-away PostgreSQL server for tests: a real one, on loopback, with an empty
 * database for each caller. Installs Debian's package where it is missing and that is
 * allowed, and leaves no service running. For tests only.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { installMissing, mayInstall } from '#e2e/cluster/packages.ts';
import { freePort } from '#e2e/cluster/ports.ts';

const run = promisify(execFile);
const VERSIONS = '/usr/lib/postgresql';
const PASSWORD = 'only-for-tests';
const START_MS = 20_000;
/** Connections of clients, without the one that asks. */
const OTHERS = `from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`;

export interface TestPostgres {
  /** Creates an empty database and gives the file that holds its URL. */
  urlFile(): Promise<string>;
  /** Ends every connection of clients, as a failing-over server does. */
  disconnectAll(): Promise<void>;
  /** Stops the connections that there are from answering, without ending them, until the function given back is called. */
  freeze(): Promise<() => void>;
  stop(): Promise<void>;
}

/** Starts a server, or says why this machine cannot. */
export async function startPostgres(): Promise<TestPostgres | { readonly missing: string }> {
  if (!(await findPrograms()) && (await mayInstall())) await installMissing(['postgresql']);
  const programs = await findPrograms();
  if (programs === undefined)
    return { missing: 'PostgreSQL is not installed; as root, run: apt-get install --no-install-recommends postgresql' };
  const owner = await serverAccount();
  const folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-postgres-'));
  const data = join(folder, 'data');
  await mkdir(data, { mode: 0o700 });
  await chmod(folder, 0o711);
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, PASSWORD);
  if (owner) for (const path of [data, passwordFile]) await chown(path, owner.uid, owner.gid);
  const settings = ['--username=postgres', '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'];
  await run(join(programs, 'initdb'), ['-D', data, `--pwfile=${passwordFile}`, ...settings], { cwd: folder, ...owner });
  const { server, port } = await startServer(programs, data, owner);
  let databases = 0;
  const url = (database: string) => `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/${database}`;
  return {
    async urlFile() {
      const name = `test_${(databases += 1)}`;
      await query(url('postgres'), `create database ${name}`);
      const file = join(folder, `${name}.url`);
      await writeFile(file, `${url(name)}\n`);
      return file;
    },
    async disconnectAll() {
      await query(url('postgres'), `select pg_terminate_backend(pid) ${OTHERS}`);
    },
    async freeze() {
      const frozen = (await query(url('postgres'), `select pid ${OTHERS}`)).map(({ pid }) => Number(pid));
      for (const pid of frozen) process.kill(pid, 'SIGSTOP');
      return () => {
        for (const pid of frozen) process.kill(pid, 'SIGCONT');
      };
    },
    async stop() {
      if (server.exitCode === null && server.signalCode === null) {
        server.kill('SIGINT');
        await once(server, 'exit');
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

type Owner = { readonly uid: number; readonly gid: number } | undefined;

/** PostgreSQL refuses to run as root; the package brings an account for it. */
async function serverAccount(): Promise<Owner> {
  if (process.getuid?.() !== 0) return undefined;
  const id = async (kind: string) => Number((await run('id', [kind, 'postgres'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}

async function startServer(programs: string, data: string, owner: Owner) {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const settings = ['listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories=', 'fsync=off'];
    const identity = owner ? [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups'] : [];
    // The kernel ends the server with the test process, whatever becomes of that.
    const command = ['--pdeathsig', 'INT', ...identity, join(programs, 'postgres'), '-D', data];
    const server = spawn('setpriv', [...command, ...settings.flatMap((setting) => ['-c', setting])], {
      stdio: 'ignore',
    });
    if (await answers(server, port)) return { server, port };
    if (attempt === 3) throw new Error('PostgreSQL did not start');
  }
}

async function answers(server: ChildProcess, port: number): Promise<boolean> {
  const end = performance.now() + START_MS;
  while (server.exitCode === null && performance.now() < end) {
    try {
      await query(`postgres://postgres:${PASSWORD}@127.0.0.1:${port}/postgres`, 'select 1');
      return true;
    } catch {
      await sleep(50);
    }
  }
  server.kill('SIGKILL');
  return false;
}

async function query(url: string, text: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

async function findPrograms(): Promise<string | undefined> {
  if (!existsSync(VERSIONS)) return undefined;
  const versions = (await readdir(VERSIONS)).filter((version) => existsSync(join(VERSIONS, version, 'bin/initdb')));
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? undefined : join(VERSIONS, newest, 'bin');
}
