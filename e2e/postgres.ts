/**
 * A real PostgreSQL in the cluster's network, for servers whose pods share their data.
 * Runs as the account of Debian's package, with throw-away data.
 */
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command } from './cluster/command.ts';
import { listIfThere } from './cluster/files.ts';
import type { Kubectl } from './cluster/kubectl.ts';
import { installMissing } from './cluster/packages.ts';
import type { Cluster } from './cluster/provider.ts';
import { hostAddress } from './cluster/sandbox.ts';
import { until } from './until.ts';

const VERSIONS = '/usr/lib/postgresql';
const PORT = 5432;
const PASSWORD = 'only-for-tests';

/** Where a server of another project is started, and its Secret made. */
export interface Place {
  readonly cluster: Cluster;
  readonly kube: Kubectl;
}

export interface Postgres extends AsyncDisposable {
  /** As pods reach its one database. */
  readonly url: string;
}

/** Its URL is the key `url` of the Secret `db` in the namespace of `kube`. */
export async function startPostgres({ cluster, kube }: Place): Promise<Postgres> {
  if ((await listIfThere(VERSIONS)).length === 0) await installMissing(['postgresql']);
  const [version] = (await listIfThere(VERSIONS)).toSorted((a, b) => Number(b) - Number(a));
  const program = (name: string) => join(VERSIONS, version ?? '', 'bin', name);
  const id = async (kind: string) => Number(await command('id', [kind, 'postgres']));
  const [uid, gid] = [await id('-u'), await id('-g')];

  const folder = await mkdtemp(join(tmpdir(), 'mcp-fleet-postgres-'));
  const [data, password] = [join(folder, 'data'), join(folder, 'password')];
  await writeFile(password, PASSWORD);
  for (const path of [folder, password]) await chown(path, uid, gid);
  await chmod(folder, 0o700);
  const settings = ['--username=postgres', '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'];
  const as = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'];
  await command('setpriv', [...as, program('initdb'), '-D', data, `--pwfile=${password}`, ...settings], { cwd: '/' });
  await writeFile(join(data, 'pg_hba.conf'), 'host all all 0.0.0.0/0 scram-sha-256\n');

  const options = { listen_addresses: hostAddress, port: PORT, unix_socket_directories: '', fsync: 'off' };
  const flags = Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = await cluster.run(program('postgres'), ['-D', data, ...flags], { uid, gid, cwd: '/' });
  await until('PostgreSQL', 20_000, async () => (await readFile(server.log, 'utf8')).includes('ready to accept'));
  const url = `postgres://postgres:${PASSWORD}@${hostAddress}:${PORT}/postgres`;
  await kube.run(['create', 'secret', 'generic', 'db', `--from-literal=url=${url}`]);
  return {
    url,
    async [Symbol.asyncDispose]() {
      await server.stop('SIGINT');
      await rm(folder, { recursive: true });
    },
  };
}
