/**
 * What a benchmark starts ends with it, however it ends: a server that stays would have its processor in the next one.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { ended, identify, isAlive, type ProcessId } from '#e2e/cluster/pids.ts';
import { openArena } from './arena.ts';

const running = (pid: number): ProcessId => {
  const id = identify(pid);
  if (!id) throw new Error(`there is no process ${pid}`);
  return id;
};

test('a benchmark that fails leaves no server', async () => {
  const servers: ProcessId[] = [];
  const bench = async (): Promise<void> => {
    await using arena = await openArena(() => undefined);
    servers.push(running((await arena.subject({ tools: 1 })).pid));
    servers.push(running((await arena.ceiling('echo')).pid));
    throw new Error('it cannot be measured');
  };
  await expect(bench()).rejects.toThrow('it cannot be measured');
  expect(servers.map(isAlive)).toEqual([false, false]);
});

test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('one that is ended by %s leaves none either', async (signal) => {
  const program = `
    import { startServer } from './servers.ts';
    const serve = 'require("node:http").createServer().listen(Number(process.argv[1]), "127.0.0.1")';
    const { pid } = await startServer({ args: (port) => ['-e', serve, String(port)] });
    console.log(pid);
  `;
  const args = ['--input-type=module-typescript', '--eval', program];
  const bench = spawn(process.execPath, args, { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] });
  const [pid] = (await once(bench.stdout, 'data')) as [Buffer];
  const server = running(Number(pid));
  bench.kill(signal);
  expect(await ended(server, 10_000)).toBe(true);
});
