/**
 * A real Redis in the cluster's network, for servers whose pods share limits and events. Debian's program, with nothing
 * on disk.
 */
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { exists } from './cluster/files.ts';
import { installMissing } from './cluster/packages.ts';
import { hostAddress } from './cluster/sandbox.ts';
import type { Place } from './postgres.ts';
import { until } from './until.ts';

const PROGRAM = '/usr/bin/redis-server';
const PORT = 6379;
const PASSWORD = 'only-for-tests';

/** Its URL is the key `url` of the Secret `redis` in the namespace of `kube`. */
export async function startRedis({ cluster, kube }: Place): Promise<AsyncDisposable> {
  if (!(await exists(PROGRAM))) await installMissing(['redis-server']);
  const settings = { port: PORT, bind: hostAddress, requirepass: PASSWORD, save: '', dir: tmpdir() };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const server = await cluster.run(PROGRAM, flags);
  await until('Redis', 20_000, async () => (await readFile(server.log, 'utf8')).includes('Ready to accept'));
  const url = `redis://:${PASSWORD}@${hostAddress}:${PORT}/0`;
  await kube.run(['create', 'secret', 'generic', 'redis', `--from-literal=url=${url}`]);
  return { [Symbol.asyncDispose]: () => server.stop() };
}
